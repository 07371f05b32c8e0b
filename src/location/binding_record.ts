/** A binding as it is kept outside of the process: in the registration database, and in Redis for other nodes. */
import * as z from "zod";
import type { Clock } from "../runtime/clock.ts";
import type { Binding, BindingFlow } from "./binding.ts";

const port = z.int().min(0).max(65535);

const flowRecord = z.object({
  protocol: z.string(),
  /** `host:port` of the listener. */
  local: z.string(),
  remoteAddress: z.string(),
  remotePort: port,
  /** What the peer's certificate was checked for when the connection was made by us. */
  domain: z.optional(z.string()),
  /** How the node that has the flow finds it again. */
  token: z.string(),
});

const nodeRecord = z.object({
  /** `host:port` at which other nodes reach it by SIP. */
  address: z.string(),
  /** Differs for each process: its connections ended with it. */
  epoch: z.string(),
});

export const bindingRecord = z.object({
  contact: z.string(),
  q: z.int().min(0).max(1000),
  /** Wall clock, milliseconds since 1970, like the next one. */
  expiresAt: z.number(),
  updatedAt: z.number(),
  callId: z.string(),
  cseq: z.int().min(0),
  instance: z.string(),
  regId: z.int().min(0),
  path: z.string(),
  listensAt: port,
  proof: z.optional(z.string()),
  isLocated: z.optional(z.literal(true)),
  isBehindNat: z.optional(z.literal(true)),
  flow: flowRecord,
  /** The node that has the flow, where several share bindings. */
  node: z.optional(nodeRecord),
});

export type NodeRecord = z.output<typeof nodeRecord>;
export type FlowRecord = z.output<typeof flowRecord>;
export type BindingRecord = z.output<typeof bindingRecord>;

/** Writes and finds again flows of one kind. */
export interface FlowRecords<Flow extends BindingFlow> {
  describe(flow: Flow): FlowRecord;
  /** Undefined when there is no such way and never will be: its connection is closed, or its listener is gone. */
  find(record: BindingRecord): Flow | undefined;
}

/** Converts `Clock.now()` milliseconds to milliseconds since 1970. */
export function toWallTime(time: number, clock: Pick<Clock, "now" | "wallTime">): number {
  return Math.round(time + clock.wallTime() - clock.now());
}

export function recordOf<Flow extends BindingFlow>(
  binding: Binding<Flow>,
  flows: Pick<FlowRecords<Flow>, "describe">,
  clock: Pick<Clock, "now" | "wallTime">,
): BindingRecord {
  const { contact, q, expiresAt, updatedAt, callId, cseq, instance, regId, path, listensAt, flow } = binding;
  return {
    contact,
    q,
    expiresAt: toWallTime(expiresAt, clock),
    updatedAt: toWallTime(updatedAt, clock),
    callId,
    cseq,
    instance,
    regId,
    path,
    listensAt,
    ...binding.proof !== undefined && { proof: binding.proof },
    ...binding.isLocated && { isLocated: true },
    ...binding.isBehindNat && { isBehindNat: true },
    flow: flows.describe(flow),
  };
}

/** Undefined when what was kept is no binding, has expired, or cannot be reached any more. */
export function bindingOf<Flow extends BindingFlow>(
  kept: unknown,
  flows: Pick<FlowRecords<Flow>, "find">,
  clock: Pick<Clock, "now" | "wallTime">,
): Binding<Flow> | undefined {
  const { data: record } = bindingRecord.safeParse(kept);
  if (record === undefined) return undefined;
  // A clock that was set back makes nobody live longer.
  const lifetime = Math.min(record.expiresAt - clock.wallTime(), record.expiresAt - record.updatedAt);
  const flow = lifetime > 0 ? flows.find(record) : undefined;
  if (flow === undefined) return undefined;
  const toOwnTime = clock.now() - clock.wallTime();
  const { contact, q, updatedAt, callId, cseq, instance, regId, path, listensAt } = record;
  return {
    contact,
    q,
    expiresAt: clock.now() + lifetime,
    updatedAt: updatedAt + toOwnTime,
    callId,
    cseq,
    instance,
    regId,
    path,
    flow,
    listensAt,
    ...record.proof !== undefined && { proof: record.proof },
    ...record.isLocated && { isLocated: true },
    ...record.isBehindNat && { isBehindNat: true },
  };
}

/** What tells the bindings of an address-of-record apart (§10.3, RFC 5626 §6). */
export function bindingId(
  { contact, instance, regId }: Pick<Binding, "contact" | "instance" | "regId">,
): string {
  return instance !== "" && regId > 0 ? `${instance};reg-id=${regId}` : contact;
}
