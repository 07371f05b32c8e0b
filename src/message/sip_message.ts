/** Requests and responses (§7): text, spans, and the few fields that every layer needs. */
import { parseNumber } from "./characters.ts";
import { Header } from "./header_name.ts";
import { type Head, HeaderRows } from "./header_rows.ts";
import { type NameAddr, parseNameAddr } from "./name_addr.ts";
import { SipUri } from "./sip_uri.ts";
import type { Via } from "./via.ts";
import { cut } from "../runtime/text.ts";

/** Fields that the parser reads in every message. */
export interface CommonFields {
  topVia: Via;
  callId: string;
  cseq: number;
  cseqMethod: string;
  bodyStart: number;
  bodyEnd: number;
}

abstract class SipMessage extends HeaderRows {
  declare readonly topVia: Via;
  readonly callId: string;
  readonly cseq: number;
  /** Method of the CSeq header. */
  readonly cseqMethod: string;
  readonly bodyStart: number;
  readonly bodyEnd: number;

  constructor(head: Head, fields: CommonFields) {
    super(head, fields.topVia);
    this.callId = fields.callId;
    this.cseq = fields.cseq;
    this.cseqMethod = fields.cseqMethod;
    this.bodyStart = fields.bodyStart;
    this.bodyEnd = fields.bodyEnd;
  }

  /** The body, cut to Content-Length. */
  get body(): string {
    return cut(this.text, this.bodyStart, this.bodyEnd);
  }
}

/** A request with a well-formed start line, Via, From, To, Call-ID and CSeq. */
export class SipRequest extends SipMessage {
  readonly kind = "request";
  readonly method: string;
  /** As written; `uri` has it parsed. */
  readonly requestUri: string;
  readonly from: NameAddr;
  readonly to: NameAddr;
  #uri: SipUri | undefined | null = null;

  constructor(
    head: Head,
    fields: CommonFields,
    start: { method: string; requestUri: string; from: NameAddr; to: NameAddr },
  ) {
    super(head, fields);
    this.method = start.method;
    this.requestUri = start.requestUri;
    this.from = start.from;
    this.to = start.to;
  }

  /** The Request-URI when it is a SIP or SIPS URI. */
  get uri(): SipUri | undefined {
    if (this.#uri === null) this.#uri = SipUri.parse(this.requestUri);
    return this.#uri;
  }

  /** From 0 to 255; undefined when absent, -1 when malformed (§20.22). */
  get maxForwards(): number | undefined {
    const row = this.rowOf(Header.MaxForwards);
    if (row < 0) return undefined;
    return parseNumber(this.text, this.rows[row + 2], this.rows[row + 3], 255);
  }
}

/** A response with a well-formed status line, Via, Call-ID and CSeq. */
export class SipResponse extends SipMessage {
  readonly kind = "response";
  /** From 100 to 699. */
  readonly status: number;
  readonly reason: string;
  #to: NameAddr | undefined | null = null;

  constructor(head: Head, fields: CommonFields, start: { status: number; reason: string }) {
    super(head, fields);
    this.status = start.status;
    this.reason = start.reason;
  }

  get to(): NameAddr | undefined {
    if (this.#to === null) {
      const value = this.header(Header.To);
      this.#to = value === undefined ? undefined : parseNameAddr(value, 0, value.length);
    }
    return this.#to;
  }
}

/** The fault of a message, and the response to it if it can be answered. */
export interface Rejection {
  /** The message breaks the grammar, exceeds a size limit, or comes from an address that is denied access. */
  readonly kind: "malformed" | "oversized" | "denied";
  readonly status: number;
  /** A reason phrase. */
  readonly reason: string;
}

/** A message that is not handed up as a request or response. */
export class RejectedMessage implements Rejection {
  readonly kind: Rejection["kind"];
  readonly status: number;
  readonly reason: string;
  /** The head of a request that has all a response copies (§8.2.6.2); undefined otherwise. */
  readonly request: HeaderRows | undefined;

  constructor({ kind, status, reason }: Rejection, request: HeaderRows | undefined) {
    this.kind = kind;
    this.status = status;
    this.reason = reason;
    this.request = request;
  }
}
