/** Offers calls or registrations from phones that are connected, at an even rate, and counts what became of them. */
import { setTimeout as delay } from "node:timers/promises";
import { ConnectedPhone } from "./connected_phone.ts";
import type { LoadResult } from "./load_result.ts";
import { connect, type ConnectionProtocol, type PhoneConnection } from "./phone_connection.ts";

export interface Pace {
  /** Attempts a second, in all. */
  readonly rate: number;
  readonly seconds: number;
}

/** Milliseconds between two looks at what is due. */
const TICK = 2;
/** Milliseconds that the last attempts may take. */
const PATIENCE = 10_000;
/** Connections being made at a time. */
const CONNECTING = 50;
/** Servers bound how many connections one address may have. */
const PER_ADDRESS = 200;

/** Makes `count` connections, each address in 127.1.0.0/16 having a bounded number of them. */
export async function connectMany(
  count: number,
  { protocol, port }: { protocol: ConnectionProtocol; port: number },
): Promise<PhoneConnection[]> {
  const connections: PhoneConnection[] = [];
  while (connections.length < count) {
    const batch = Math.min(CONNECTING, count - connections.length);
    const localAddress = `127.1.${Math.floor(connections.length / PER_ADDRESS)}.1`;
    connections.push(
      ...await Promise.all(Array.from({ length: batch }, () => connect({ protocol, port, localAddress }))),
    );
  }
  return connections;
}

/** A phone for each user, connected and registered. Throws when a registration fails. */
export async function connectPhones(
  users: readonly string[],
  server: { protocol: ConnectionProtocol; port: number; domain?: string },
): Promise<ConnectedPhone[]> {
  const connections = await connectMany(users.length, server);
  const phones = users.map((user, index) => new ConnectedPhone(user, connections[index], server.domain));
  for (const phone of phones) {
    if (!await within(PATIENCE, phone.register())) throw new Error(`Cannot register phone "${phone.user}"`);
  }
  return phones;
}

export function disconnect(phones: readonly ConnectedPhone[]): void {
  for (const { connection } of phones) connection.close();
}

/** The first half of the phones calls the second half. */
export function offerPhoneCalls(phones: readonly ConnectedPhone[], pace: Pace): Promise<LoadResult> {
  const half = phones.length / 2;
  return offer(pace, (number) => phones[number % half].call(phones[half + number % half].user));
}

export function offerPhoneRegistrations(phones: readonly ConnectedPhone[], pace: Pace): Promise<LoadResult> {
  return offer(pace, (number) => phones[number % phones.length].register());
}

/** Makes attempts at an even rate; an attempt has failed when it says so or has not ended in time. */
export async function offer(
  { rate, seconds }: Pace,
  attempt: (number: number) => Promise<boolean>,
): Promise<LoadResult> {
  const offered = Math.round(rate * seconds);
  const startedAt = performance.now();
  const running = new Set<Promise<void>>();
  let begun = 0;
  let successful = 0;
  while (begun < offered) {
    const due = Math.min(offered, Math.ceil((performance.now() - startedAt) / 1000 * rate));
    while (begun < due) {
      const one: Promise<void> = attempt(begun++).then((succeeded) => {
        if (succeeded) successful++;
        running.delete(one);
      });
      running.add(one);
    }
    await delay(TICK);
  }
  await within(PATIENCE, Promise.all(running));
  const took = (performance.now() - startedAt) / 1000;
  return { offered, successful, failed: offered - successful, retransmissions: 0, seconds: took };
}

/** What the promise resolves with; undefined when it does not within so many milliseconds. */
async function within<Value>(milliseconds: number, promise: Promise<Value>): Promise<Value | undefined> {
  const giveUp = new AbortController();
  const late = delay(milliseconds, undefined, { signal: giveUp.signal }).catch(() => undefined);
  const value = await Promise.race([promise, late]);
  giveUp.abort();
  return value;
}
