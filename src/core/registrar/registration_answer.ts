/** The 200 to a REGISTER (§10.3 step 8). */
import type { Binding } from "../../location/binding.ts";
import { Header } from "../../message/header_name.ts";
import { parseNameAddr } from "../../message/name_addr.ts";
import { quote } from "../../message/parameters.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Answer } from "../answer.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";
import { SUPPORTED } from "../uas_core.ts";
import type { Registration, RequestedContact } from "./registration.ts";

export class RegistrationAnswers {
  readonly #clock: Clock;
  readonly #server: string;
  #date = "";
  #dateSecond = 0;

  constructor(clock: Clock, userAgent: string) {
    this.#clock = clock;
    this.#server = `Supported: ${SUPPORTED}\r\nServer: ${userAgent}\r\n`;
  }

  /** Returns the 200 with every binding. */
  accept(
    request: SipRequest,
    registration: Registration,
    bindings: readonly Binding<BoundFlow>[],
  ): Answer {
    const now = this.#clock.now();
    let headers = isOutbound(request, registration) ? "Require: outbound\r\n" : "";
    for (const binding of bindings) {
      headers += `Contact: <${binding.contact}>;expires=${Math.ceil((binding.expiresAt - now) / 1000)}`;
      if (binding.q !== 1000) headers += `;q=${binding.q / 1000}`;
      if (binding.instance !== "") headers += `;+sip.instance=${quote(binding.instance)}`;
      if (binding.regId !== 0) headers += `;reg-id=${binding.regId}`;
      headers += "\r\n";
    }
    // Path is returned to clients that support it (RFC 3327 §5.3).
    if (request.has(Header.Path) && supports(request, "path")) {
      for (const path of request.rowValues(Header.Path)) headers += `Path: ${path}\r\n`;
    }
    return { status: 200, headers: `${headers}Date: ${this.#httpDate()}\r\n${this.#server}` };
  }

  #httpDate(): string {
    const now = this.#clock.wallTime();
    const second = Math.floor(now / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = new Date(now).toUTCString();
    }
    return this.#date;
  }
}

function hasFlow({ regId, instance }: RequestedContact): boolean {
  return regId > 0 && instance !== "";
}

function supports(request: SipRequest, option: string): boolean {
  return request.values(Header.Supported).some((tag) => tag.toLowerCase() === option);
}

/**
 * Reports whether a REGISTER is for a flow of RFC 5626 (§6): the device supports it, and its first hop is this server or
 * an edge proxy that keeps flows (`ob` in the last Path value).
 */
function isOutbound(request: SipRequest, registration: Registration): boolean {
  if (registration.kind !== "update") return false;
  if (!registration.contacts.some(hasFlow) || !supports(request, "outbound")) return false;
  if (request.values(Header.Via).length === 1) return true;
  const edge = request.values(Header.Path).at(-1);
  const uri = edge === undefined ? undefined : parseNameAddr(edge, 0, edge.length)?.uri;
  return uri?.parameter("ob") !== undefined;
}
