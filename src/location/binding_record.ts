/** The stored form of a binding: in the registration database, and in Redis for other nodes. */
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
  /** The name that the peer's certificate was checked for, on connections made by this server. */
  domain: z.optional(z.string()),
  /** Identifies the flow at its own node. */
  token: z.string(),
});

const nodeRecord = z.object({
  /** `host:port` for SIP requests of other nodes. */
  address: z.string(),
  /** Differs for each process, since connections end with their process. */
  epoch: z.string(),
});

export const bindingRecord = z.object({
  contact: z.string(),
  q: z.int().min(0).max(1000),
  /** Milliseconds since 1970, as `updatedAt`. */
  expiresAt: z.number(),
  updatedAt: z.number(),
  callId: z.string(),
  cseq: z.int().min(0),
  instance: z.string(),
  regId: z.int().min(0),
  path: z.string(),
  listensAt: port,
  /** The MAC of the account. */
  proof: z.optional(z.string()),
  isLocated: z.optional(z.literal(true)),
  isBehindNat: z.optional(z.literal(true)),
  flow: flowRecord,
  /** The node of the flow, where several nodes share bindings. */
  node: z.optional(nodeRecord),
});

export type NodeRecord = z.output<typeof nodeRecord>;
export type FlowRecord = z.output<typeof flowRecord>;
export type BindingRecord = z.output<typeof bindingRecord>;

/** Describes flows of one kind, and finds them again. */
export interface FlowRecords<Flow extends BindingFlow> {
  describe(flow: Flow): FlowRecord;
  /** Returns undefined for a flow that is gone for good: its connection or listener is closed. */
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
  const { contact, q, expiresAt, updatedAt, callId, cseq, instance, regId, path, listeningPort, flow } =
    binding;
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
    listensAt: listeningPort,
    ...binding.accountMac !== undefined && { proof: binding.accountMac },
    ...binding.goesToContact && { isLocated: true },
    ...binding.isBehindNat && { isBehindNat: true },
    flow: flows.describe(flow),
  };
}

/** Returns undefined for an invalid or expired record, and when the device cannot be reached any more. */
export function bindingOf<Flow extends BindingFlow>(
  kept: unknown,
  flows: Pick<FlowRecords<Flow>, "find">,
  clock: Pick<Clock, "now" | "wallTime">,
): Binding<Flow> | undefined {
  const { data: record } = bindingRecord.safeParse(kept);
  if (record === undefined) return undefined;
  // Setting a clock back must not extend a lifetime.
  const lifetime = Math.min(record.expiresAt - clock.wallTime(), record.expiresAt - record.updatedAt);
  const flow = lifetime > 0 ? flows.find(record) : undefined;
  if (flow === undefined) return undefined;
  const toOwnTime = clock.now() - clock.wallTime();
  const { node: _, updatedAt, proof: accountMac, listensAt: listeningPort, isLocated, ...rest } = record;
  return {
    ...rest,
    listeningPort,
    ...accountMac !== undefined && { accountMac },
    ...isLocated && { goesToContact: true },
    flow,
    expiresAt: clock.now() + lifetime,
    updatedAt: updatedAt + toOwnTime,
  };
}

/** Identifies a binding of an address-of-record (§10.3, RFC 5626 §6). */
export function bindingId(
  { contact, instance, regId }: Pick<Binding, "contact" | "instance" | "regId">,
): string {
  return instance !== "" && regId > 0 ? `${instance};reg-id=${regId}` : contact;
}
