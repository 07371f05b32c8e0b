/** Fills the holes of a message with what has come so far. */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { headers, parameter, tagOf, uriIn } from "../../support/sip_text.ts";
import { fillHoles, holesIn } from "../message/holes.ts";
import type { Lane, WireName } from "../world/lane.ts";
import type { Inbox } from "./inbox.ts";

/** Stands for a message that has not come. */
const NOTHING = "SIP/2.0 0 \r\n\r\n";

export interface Surroundings {
  readonly lane: Lane;
  /** The wire that sends. */
  readonly from: WireName;
  inboxOf(wire: WireName): Inbox;
  /** Host and port of a wire. */
  endpointOf(wire: WireName): string;
  /** Host and port of the server for a wire. */
  serverFor(wire: WireName): string;
}

/** The messages that a text needs and that have not come, as wire and kind. */
export function missingIn(text: string, { inboxOf }: Pick<Surroundings, "inboxOf">): [WireName, string][] {
  return holesIn(text)
    .filter(([, wire, kind]) => kind !== undefined && wire !== undefined && /\/|^[A-Z]+$/.test(kind))
    .map(([, wire, kind]): [WireName, string] => [wire as WireName, kind])
    .filter(([wire, kind]) => inboxOf(wire).latest(kind) === undefined);
}

export function needsNonce(text: string): boolean {
  return holesIn(text).some(([what]) => what === "nonce");
}

/** The message as it is sent. Digests are computed at last, because they depend on the rest. */
export function fill(text: string, around: Surroundings): string {
  const startLine = text.slice(0, text.indexOf("\r\n"));
  const filled = fillHoles(startLine, (words) => valueOf(words, around));
  const [method = "", uri = ""] = filled.trimStart().split(" ");
  const inbox = around.inboxOf(around.from);
  const count = needsNonce(text) ? inbox.nextCount() : "";
  return fillHoles(text, (words) => {
    const [what, user, algorithm, digestUri = uri] = words;
    if (what === "count") return count;
    if (what === "uri") return uri.replace(/["\\]/g, "\\$&");
    if (what !== "response") return valueOf(words, around);
    return digest({ user, algorithm, method, uri: digestUri, nonce: inbox.nonce, count }, around.lane);
  });
}

interface DigestParts {
  readonly user: string;
  readonly algorithm: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly count: string;
}

function digest({ user, algorithm, method, uri, nonce, count }: DigestParts, lane: Lane): string {
  const name = algorithm === "SHA-256" ? "sha256" : "md5";
  const of = (text: string) => hash(name, Buffer.from(text, "latin1"));
  const account = of(`${user}:${lane.domain}:${lane.secretOf(user)}`);
  return of(`${account}:${nonce}:${count}:c:auth:${of(`${method}:${uri}`)}`);
}

function valueOf(words: readonly string[], around: Surroundings): string {
  const [what, wire, kind, name] = words;
  if (what === "server") return around.serverFor(around.from);
  if (what === "at") return around.endpointOf(wire as WireName);
  if (what === "nonce") return around.inboxOf(around.from).nonce;
  // Within the start line, on which these depend.
  if (what === "count" || what === "uri" || what === "response") return "";
  const message = kind === undefined ? NOTHING : around.inboxOf(wire as WireName).latest(kind) ?? NOTHING;
  const values = what === "branch" ? headers(message, "Via") : headers(message, name ?? "Record-Route");
  switch (what) {
    case "all":
      return values.join(`\r\n${name}: `);
    case "first":
      return values[0] ?? "";
    case "rest":
      return values.slice(1).join(`\r\n${name}: `);
    case "tag":
      return tagOf(values[0] ?? "");
    case "contact":
      return uriIn(values[0] ?? "");
    case "branch":
      return parameter(values[0] ?? "", "branch");
    case "token":
      return tokenIn(headers(message, "Record-Route")[0] ?? "", name);
    default:
      return "";
  }
}

function tokenIn(entry: string, part: string | undefined): string {
  const token = /sips?:([^@>]*)@/.exec(entry)?.[1] ?? "";
  return part === undefined ? token : token.split(".")[Number(part)] ?? "";
}
