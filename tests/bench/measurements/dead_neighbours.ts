/** What calls between agents notice of name servers and gateways that do not answer, while others call out by them. */
import type { ConnectedPhone } from "../load/connected_phone.ts";
import { connectPhones, disconnect, offer } from "../load/phone_load.ts";
import { subscribers } from "../load/subscribers.ts";
import { OUTBOUND_CALLER, writeTrunkConfiguration } from "../load/trunk_configuration.ts";
import { freePort } from "../process/local_port.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import { startConfiguredRoutr } from "../systems/routr.ts";
import type { BenchContext } from "./bench_context.ts";
import { median } from "./median.ts";

export interface DeadNeighbours {
  /** With nothing that is dead. */
  readonly alone: AnswerTimes;
  readonly besideDead: AnswerTimes;
  /** What was sent to those that do not answer: that they were asked at all. */
  readonly unanswered: Unanswered;
}

export interface Unanswered {
  /** INVITE requests, retransmissions included. */
  readonly invitations: number;
  /** REGISTER requests, retransmissions included. */
  readonly registrations: number;
  /** To the name server. */
  readonly queries: number;
}

export interface AnswerTimes {
  readonly calls: number;
  readonly failed: number;
  /** Milliseconds from the first INVITE to the 200, ringing included. */
  readonly median: number;
  readonly percentile99: number;
  readonly longest: number;
}

const PHONES = 100;
/** Gateways at an address where nothing answers; the same number has names that nobody resolves. */
const DEAD_GATEWAYS = 20;
const CALLS_PER_SECOND = 100;
/** By each of two gateways, one with a dead address and one with a name. */
const VAIN_CALLS_PER_SECOND = 10;
const OUTBOUND_DOMAINS = ["address.example", "name.example"];
const NUMBER = "+17065550100";
const WARM_UP_SECONDS = 3;

interface Subject {
  readonly system: BenchedSystem;
  readonly phones: readonly ConnectedPhone[];
  /** Those who call out in vain. */
  readonly outbound: readonly ConnectedPhone[];
  readonly times: number[];
  offered: number;
  failed: number;
}

export async function measureDeadNeighbours(context: BenchContext): Promise<DeadNeighbours> {
  const { rounds, seconds } = context.options;
  const deadPort = freePort();
  const dead = new DeadSocket(deadPort);
  const alone = await startSubject(context);
  const besideDead = await startSubject(context, deadPort);
  for (let round = 1; round <= rounds; round++) {
    context.progress(`gateways, round ${round} of ${rounds}: calls beside what is dead`);
    for (const subject of [alone, besideDead]) {
      await Promise.all([callOthers(subject, seconds), callInVain(subject.outbound, seconds)]);
    }
  }
  for (const { phones, outbound, system } of [alone, besideDead]) {
    disconnect([...phones, ...outbound]);
    await system.process.end();
  }
  dead.close();
  const { unanswered } = dead;
  if (unanswered.invitations === 0 || unanswered.registrations === 0 || unanswered.queries === 0) {
    throw new Error(`Cannot measure beside what is dead: nobody asked it ${JSON.stringify(unanswered)}`);
  }
  return { alone: answerTimes(alone), besideDead: answerTimes(besideDead), unanswered };
}

/** @param deadPort of gateways and name server; without it there are none */
async function startSubject(context: BenchContext, deadPort?: number): Promise<Subject> {
  const { directory: parent, options: { binary } } = context;
  const directory = await Deno.makeTempDir({ dir: parent, prefix: "dead_" });
  const [port, connectionPort] = [freePort(), freePort()];
  await writeTrunkConfiguration(directory, {
    port,
    connectionPort,
    users: PHONES,
    gateways: [],
    ...deadPort && {
      gateways: deadGateways(deadPort),
      outboundDomains: OUTBOUND_DOMAINS,
      nameServers: [`127.0.0.1:${deadPort}`],
    },
  });
  const system = await startConfiguredRoutr({ directory, port, connectionPort, binary });
  const server = { protocol: "tcp", port: connectionPort } as const;
  const phones = await connectPhones(subscribers(PHONES), server);
  const outbound: ConnectedPhone[] = [];
  for (const domain of deadPort ? OUTBOUND_DOMAINS : []) {
    outbound.push(...await connectPhones([OUTBOUND_CALLER], { ...server, domain }));
  }
  const subject = { system, phones, outbound, times: [], offered: 0, failed: 0 };
  context.progress(`gateways: warming up, ${deadPort ? "beside" : "without"} what is dead`);
  await callOthers(subject, WARM_UP_SECONDS);
  return { ...subject, times: [], offered: 0, failed: 0 };
}

/** Addresses and names in turn: the first two are those of the domains. */
function deadGateways(port: number): string[] {
  return Array.from(
    { length: DEAD_GATEWAYS },
    (_, index) => [`127.21.0.${index + 1}:${port}`, `gw${index}.provider.example`],
  ).flat();
}

async function callOthers(subject: Subject, seconds: number): Promise<void> {
  const { phones, times } = subject;
  const half = phones.length / 2;
  const result = await offer({ rate: CALLS_PER_SECOND, seconds }, (number) => {
    const callee = phones[half + number % half];
    return phones[number % half].call(callee.user, (milliseconds) => times.push(milliseconds));
  });
  subject.offered += result.offered;
  subject.failed += result.failed;
}

/** Resolves when all are begun; how they end nobody waits for. */
async function callInVain(callers: readonly ConnectedPhone[], seconds: number): Promise<void> {
  await offer({ rate: VAIN_CALLS_PER_SECOND, seconds }, () => {
    for (const caller of callers) caller.call(NUMBER);
    return Promise.resolve(true);
  });
}

function answerTimes({ times, offered, failed }: Subject): AnswerTimes {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    calls: offered,
    failed,
    median: median(times),
    percentile99: sorted[Math.ceil(sorted.length * 0.99) - 1],
    longest: sorted[sorted.length - 1],
  };
}

/** Takes what is sent to any address of this machine, counts it, and says nothing. */
class DeadSocket {
  readonly unanswered = { invitations: 0, registrations: 0, queries: 0 };
  readonly #socket: Deno.DatagramConn;

  constructor(port: number) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port });
    this.#count();
  }

  close(): void {
    this.#socket.close();
  }

  async #count(): Promise<void> {
    const decoder = new TextDecoder("latin1");
    for await (const [datagram] of this.#socket) {
      const text = decoder.decode(datagram);
      if (text.startsWith("INVITE ")) this.unanswered.invitations++;
      else if (text.startsWith("REGISTER ")) this.unanswered.registrations++;
      else this.unanswered.queries++;
    }
  }
}
