/** Rows of the registration database: the bindings of an address-of-record as JSON. */
import type { ByteBuffer } from "../runtime/byte_buffer.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Binding, BindingFlow } from "./binding.ts";
import type { FlowRecord, FlowRecords } from "./binding_record.ts";
import type { RowBatch } from "./row_batch.ts";

/** What `encodeURI` leaves as it is. */
const PLAIN = /^[\w;,/?:@&=+$.!~*'()#-]*$/;

export interface BindingRowsParts<Flow extends BindingFlow> {
  readonly flows: Pick<FlowRecords<Flow>, "describe">;
  readonly clock: Pick<Clock, "now" | "wallTime">;
}

/** Adds rows to one batch, field by field: an object and a string for each were three quarters of their cost. */
export class BindingRows<Flow extends BindingFlow> {
  readonly #batch: RowBatch;
  readonly #flows: Pick<FlowRecords<Flow>, "describe">;
  /** What to add to a time of `Clock.now` for milliseconds since 1970. */
  readonly #toWallTime: number;

  constructor(batch: RowBatch, { flows, clock }: BindingRowsParts<Flow>) {
    this.#batch = batch;
    this.#flows = flows;
    this.#toWallTime = clock.wallTime() - clock.now();
  }

  /** Without bindings the row removes its key. */
  add(aor: string, bindings: readonly Binding<Flow>[]): void {
    const batch = this.#batch;
    batch.begin().text(keyOf(aor));
    const to = batch.endKey();
    let lastExpiry = -Infinity;
    for (let i = 0; i < bindings.length; i++) {
      to.text(i === 0 ? "[" : ",");
      this.#write(bindings[i], to);
      lastExpiry = Math.max(lastExpiry, bindings[i].expiresAt);
    }
    if (bindings.length > 0) to.text("]");
    batch.end(bindings.length > 0 ? Math.round(lastExpiry + this.#toWallTime) : 0);
  }

  /** Writes what `recordOf` returns. */
  #write(binding: Binding<Flow>, to: ByteBuffer): void {
    to.text('{"contact":');
    to.jsonString(binding.contact);
    to.text(',"q":');
    to.jsonNumber(binding.q);
    to.text(',"expiresAt":');
    to.jsonNumber(Math.round(binding.expiresAt + this.#toWallTime));
    to.text(',"updatedAt":');
    to.jsonNumber(Math.round(binding.updatedAt + this.#toWallTime));
    to.text(',"callId":');
    to.jsonString(binding.callId);
    to.text(',"cseq":');
    to.jsonNumber(binding.cseq);
    to.text(',"instance":');
    to.jsonString(binding.instance);
    to.text(',"regId":');
    to.jsonNumber(binding.regId);
    to.text(',"path":');
    to.jsonString(binding.path);
    to.text(',"listensAt":');
    to.jsonNumber(binding.listeningPort);
    if (binding.accountMac !== undefined) {
      to.text(',"proof":');
      to.jsonString(binding.accountMac);
    }
    if (binding.goesToContact) to.text(',"isLocated":true');
    if (binding.isBehindNat) to.text(',"isBehindNat":true');
    to.text(',"flow":');
    writeFlow(this.#flows.describe(binding.flow), to);
    to.text("}");
  }
}

function writeFlow(flow: FlowRecord, to: ByteBuffer): void {
  to.text('{"protocol":');
  to.jsonString(flow.protocol);
  to.text(',"local":');
  to.jsonString(flow.local);
  to.text(',"remoteAddress":');
  to.jsonString(flow.remoteAddress);
  to.text(',"remotePort":');
  to.jsonNumber(flow.remotePort);
  if (flow.domain !== undefined) {
    to.text(',"domain":');
    to.jsonString(flow.domain);
  }
  to.text(',"token":');
  to.jsonString(flow.token);
  to.text("}");
}

/** Usernames may be in any script, and keys are latin1. */
function keyOf(aor: string): string {
  return PLAIN.test(aor) ? aor : encodeURI(aor.toWellFormed());
}
