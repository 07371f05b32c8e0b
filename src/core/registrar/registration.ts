/** Reading and checking of a REGISTER, before anything changes (§10.3 steps 6 and 7). */
import { parseNumber } from "../../message/characters.ts";
import { parseDeltaSeconds } from "../../message/delta_seconds.ts";
import { Header } from "../../message/header_name.ts";
import { type NameAddr, parseNameAddrList } from "../../message/name_addr.ts";
import { ParameterCursor } from "../../message/parameters.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { SipUri } from "../../message/sip_uri.ts";
import type { Answer } from "../answer.ts";
import { cut, indexIn } from "../../runtime/text.ts";

const cursor = new ParameterCursor();

/** Limits on lifetimes (`spec.registrar`), in seconds. */
export interface RegistrationLimits {
  readonly minExpires: number;
  readonly maxExpires: number;
  readonly defaultExpires: number;
}

/** One Contact of a REGISTER. */
export interface RequestedContact {
  readonly uri: SipUri;
  /** Seconds; 0 removes the binding. */
  readonly expires: number;
  /** In thousandths. */
  readonly q: number;
  readonly instance: string;
  readonly regId: number;
}

/** A REGISTER as data. A query has no contacts; `Contact: *` removes all bindings. */
export type Registration =
  | { readonly kind: "removeAll" }
  | { readonly kind: "update"; readonly contacts: readonly RequestedContact[] };

/** Contacts of one REGISTER. */
const MAX_CONTACTS = 64;
/** UTF-16 units of one Contact, which is stored and compared with all others. */
const MAX_CONTACT_LENGTH = 2048;
const QVALUE = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** Reads the Contacts and their lifetimes, or returns the answer that refuses them. */
export function readRegistration(request: SipRequest, limits: RegistrationLimits): Registration | Answer {
  const rows = request.rowValues(Header.Contact);
  if (rows.length > MAX_CONTACTS) return { status: 403, reason: "Too Many Contacts" };
  if (rows.includes("*")) {
    if (rows.length > 1 || parseDeltaSeconds(request.header(Header.Expires)) !== 0) {
      return { status: 400, reason: "Contact * Needs Expires 0 And No Other Contact" };
    }
    return { kind: "removeAll" };
  }
  let contacts: readonly RequestedContact[] = [];
  const header = request.header(Header.Expires);
  const fallback = header === undefined
    ? limits.defaultExpires
    : parseDeltaSeconds(header) ?? limits.defaultExpires;
  for (const row of rows) {
    const values = parseNameAddrList(row);
    if (!values || values.length + contacts.length > MAX_CONTACTS) {
      return values
        ? { status: 403, reason: "Too Many Contacts" }
        : { status: 400, reason: "Contact Is Malformed" };
    }
    for (const value of values) {
      if (value.end - value.start > MAX_CONTACT_LENGTH) return { status: 403, reason: "Contact Is Too Long" };
      const contact = readContact(value, fallback);
      if (!contact) return { status: 400, reason: "Contact Is Malformed" };
      if (contact.expires > 0 && contact.expires < limits.minExpires) {
        return {
          status: 423,
          headers: `Min-Expires: ${limits.minExpires}\r\n`,
          cause: `less than ${limits.minExpires} s`,
        };
      }
      const granted = contact.expires > limits.maxExpires
        ? { ...contact, expires: limits.maxExpires }
        : contact;
      contacts = contacts.length === 0 ? [granted] : [...contacts, granted];
    }
  }
  return { kind: "update", contacts };
}

/** Reads one Contact; undefined when it is malformed, or has a parameter twice (§7.3.1). */
function readContact(value: NameAddr, fallback: number): RequestedContact | undefined {
  const { uri } = value;
  if (!uri || hasParameterTwice(value.parameters)) return undefined;
  const expires = value.parameter("expires");
  const q = value.parameter("q");
  const regId = value.parameter("reg-id");
  if (q !== undefined && !QVALUE.test(q)) return undefined;
  // 1 to 2³¹ − 1 (RFC 5626 §4.2.1).
  const flowNumber = regId === undefined ? 0 : parseNumber(regId, 0, regId.length, 2 ** 31 - 1);
  if (regId !== undefined && flowNumber < 1) return undefined;
  return {
    uri,
    // A malformed lifetime counts as none (§10.2.1.1).
    expires: expires === undefined ? fallback : parseDeltaSeconds(expires) ?? fallback,
    q: q === undefined ? 1000 : Math.round(Number(q) * 1000),
    instance: value.parameter("+sip.instance") ?? "",
    regId: flowNumber,
  };
}

function hasParameterTwice(parameters: string): boolean {
  if (indexIn(parameters, ";", 1) < 0) return false;
  const names: string[] = [];
  cursor.reset(parameters, 0, parameters.length);
  while (cursor.next()) {
    const name = cut(parameters, cursor.nameStart, cursor.nameEnd).toLowerCase();
    if (names.includes(name)) return true;
    names.push(name);
  }
  return false;
}
