/** Why a phone is not served: `/why/{what}`. */
import type { JsonSchema } from "../../data/json_schema.ts";
import { enveloped } from "../http/envelope.ts";
import { HttpError } from "../http/http_error.ts";
import { BASE_PATH, type Operation, operation } from "../operation.ts";
import { BAN, type shownBan } from "./bans.ts";

/** What is known of an address or account that may not be served. It has no secrets. */
export interface Diagnosis {
  /** As it was understood: `192.0.2.7`, `1001`, `1001@sip.local`. */
  readonly what: string;
  readonly kind: "address" | "account";
  /** The verdict, in one sentence. */
  readonly summary: string;
  /** What it is based on, one sentence each. */
  readonly facts: readonly string[];
  /** Of an address. */
  readonly address?: AddressState;
  /** Of a user name: one for each domain that has it. */
  readonly accounts?: readonly AccountState[];
  readonly refusals: readonly ShownRefusal[];
}

export interface AddressState {
  readonly network: string;
  readonly isDenied: boolean;
  /** Domains whose access control lists deny it. */
  readonly deniedBy: readonly string[];
  readonly ban?: ReturnType<typeof shownBan>;
  readonly points: number;
  readonly maxPoints: number;
  readonly isTrusted: boolean;
  readonly isKnown: boolean;
  /** Messages that were dropped, and when the last one was. */
  readonly dropped: number;
  readonly lastDropped?: string;
  readonly registrations: readonly ShownRegistration[];
}

export interface AccountState {
  readonly kind: "agent" | "peer";
  readonly ref: string;
  /** `1001@sip.local`. */
  readonly account: string;
  /** `secret`, or the algorithms that there are hashes for in the realm of this account. */
  readonly credentials: readonly string[];
  /** Wrong passwords within an hour, and how many slow the account. */
  readonly wrongPasswords: number;
  readonly maxWrongPasswords: number;
  readonly isSlowed: boolean;
  readonly maxContacts: number;
  readonly registrations: readonly ShownRegistration[];
}

export interface ShownRegistration {
  readonly addressOfRecord: string;
  readonly contact: string;
  readonly address: string;
  readonly port: number;
  readonly transport: string;
  /** Seconds that are left. */
  readonly expires: number;
}

export interface ShownRefusal {
  readonly time: string;
  readonly address: string;
  readonly port: number;
  readonly transport: string;
  readonly method: string;
  readonly from: string;
  readonly to: string;
  readonly status: number;
  readonly cause: string;
}

const TEXT: JsonSchema = { type: "string" };
const INTEGER: JsonSchema = { type: "integer" };
const FLAG: JsonSchema = { type: "boolean" };
const TIME: JsonSchema = { type: "string", format: "date-time" };
const TEXTS: JsonSchema = { type: "array", items: TEXT };

const REGISTRATIONS: JsonSchema = {
  type: "array",
  items: {
    type: "object",
    properties: {
      addressOfRecord: TEXT,
      contact: TEXT,
      address: TEXT,
      port: INTEGER,
      transport: TEXT,
      expires: { type: "integer", description: "Seconds that are left." },
    },
  },
};

const DIAGNOSIS: JsonSchema = {
  type: "object",
  required: ["what", "kind", "summary", "facts", "refusals"],
  properties: {
    what: { type: "string", description: "The question as it was understood." },
    kind: { enum: ["address", "account"] },
    summary: { type: "string", description: "The verdict, in one sentence." },
    facts: { ...TEXTS, description: "What it is based on, one sentence each." },
    address: {
      type: "object",
      properties: {
        network: TEXT,
        isDenied: { type: "boolean", description: "By the access control list of the server." },
        deniedBy: { ...TEXTS, description: "Domains whose access control lists deny it." },
        ban: BAN,
        points: { type: "number" },
        maxPoints: INTEGER,
        isTrusted: FLAG,
        isKnown: { type: "boolean", description: "A phone or gateway was served there lately." },
        dropped: { type: "integer", description: "Messages dropped since the address is remembered." },
        lastDropped: TIME,
        registrations: REGISTRATIONS,
      },
    },
    accounts: {
      type: "array",
      items: {
        type: "object",
        properties: {
          kind: { enum: ["agent", "peer"] },
          ref: TEXT,
          account: TEXT,
          credentials: { ...TEXTS, description: "secret, or the algorithms that there are hashes for." },
          wrongPasswords: { type: "integer", description: "Those of the last hour." },
          maxWrongPasswords: INTEGER,
          isSlowed: FLAG,
          maxContacts: INTEGER,
          registrations: REGISTRATIONS,
        },
      },
    },
    refusals: {
      type: "array",
      description: "The last ones, the latest first.",
      items: {
        type: "object",
        properties: {
          time: TIME,
          address: TEXT,
          port: INTEGER,
          transport: TEXT,
          method: TEXT,
          from: TEXT,
          to: TEXT,
          status: { type: "integer", description: "0 when it was ignored." },
          cause: TEXT,
        },
      },
    },
  },
};

/** @param diagnose returns undefined for a text that is neither an address nor a user */
export function whyOperations(diagnose: (what: string) => Promise<Diagnosis | undefined>): Operation[] {
  return [operation({
    method: "GET",
    path: `${BASE_PATH}/why/{what}`,
    id: "diagnose",
    tag: "access",
    parameters: {
      what:
        "An IP address, a user name or an address-of-record, percent-encoded: 192.0.2.7, 1001, 1001@sip.local.",
    },
    summary: "Tells why a phone is not served",
    answers: { 200: { description: "What is known.", data: DIAGNOSIS } },
    async handle({ parameters }) {
      const diagnosis = await diagnose(parameters.what);
      if (diagnosis === undefined) {
        throw new HttpError(
          400,
          "Bad request: expected an IP address, or a user such as 1001 or 1001@sip.local",
        );
      }
      return enveloped(diagnosis);
    },
  })];
}
