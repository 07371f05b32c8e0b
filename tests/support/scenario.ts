/** Ladders: a whole server between phones that send and expect messages as text, on a clock that a test turns. */
import assert from "node:assert/strict";
import { agentSchema } from "../../src/data/agent.ts";
import { MemoryDirectory } from "../../src/data/directory.ts";
import { domainSchema } from "../../src/data/domain.ts";
import { peerSchema } from "../../src/data/peer.ts";
import type { Resource } from "../../src/data/resource.ts";
import type { Server } from "../../src/server.ts";
import type { TransportProtocol } from "../../src/transport/transport.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryTransport } from "./memory_transport.ts";
import { startTestServer } from "./server.ts";
import {
  ackTo,
  bodyOf,
  complete,
  type Credentials,
  type DigestOptions,
  methodOf,
  requestUri,
  type ResponseParts,
  responseTo,
  sip,
  startLine,
  withCredentials,
} from "./sip_text.ts";

/** Where the server listens. */
export const SERVER = "192.0.2.1";

/** Who the server knows, and how it is configured. */
export interface LadderOptions {
  /** `sip.local` unless said otherwise. */
  readonly domains?: readonly string[];
  /** alice, bob, carol and dave of the first domain unless said otherwise; the password is the name backwards. */
  readonly agents?: readonly { username: string; domains: readonly string[]; maxContacts?: number }[];
  /** User names of peers. */
  readonly peers?: readonly string[];
  /** Properties of `spec`. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Addresses by name, for the look-ups of the server. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
}

type Ladder = (net: Network) => void | Promise<void>;

/** A test body: starts a server, climbs the ladder, and fails if the server sent anything that nobody expected. */
export function ladder(climb: Ladder): () => Promise<void>;
export function ladder(options: LadderOptions, climb: Ladder): () => Promise<void>;
export function ladder(first: LadderOptions | Ladder, second?: Ladder): () => Promise<void> {
  const options = typeof first === "function" ? {} : first;
  const climb = typeof first === "function" ? first : second!;
  return async () => {
    const net = await Network.start(options);
    try {
      await climb(net);
      net.expectNothing();
    } finally {
      await net.stop();
    }
  };
}

/** The server and everything around it. */
export class Network {
  readonly clock = new FakeClock();
  readonly transports: Readonly<Record<"udp" | "tcp" | "tls", MemoryTransport>> = {
    udp: new MemoryTransport("udp", SERVER, 5060),
    tcp: new MemoryTransport("tcp", SERVER, 5060),
    tls: new MemoryTransport("tls", SERVER, 5061),
  };
  #server: Server | undefined;
  #number = 0;

  static async start(options: LadderOptions): Promise<Network> {
    const net = new Network();
    const { names = {} } = options;
    const { server } = await startTestServer({
      domains: [],
      agents: [],
      spec: {
        transport: Object.values(net.transports).map(({ protocol, port }) => ({ protocol, port })),
        bindAddr: SERVER,
        ...options.spec,
      },
      parts: {
        clock: net.clock,
        directory: directoryOf(options),
        makeTransport: ({ protocol }) => net.#transport(protocol),
        lookup: (name) =>
          names[name] ? Promise.resolve([...names[name]]) : Promise.reject(new Error(`Cannot find ${name}`)),
      },
    });
    net.#server = server;
    return net;
  }

  get server(): Server {
    return this.#server!;
  }

  /**
   * A phone of `alice@sip.local` at `192.0.2.11:5060`, of bob at `.12`, carol `.13`, dave `.14`, anybody else `.99`,
   * over UDP, unless said otherwise.
   */
  phone(username: string, place: Partial<PhonePlace> = {}): Phone {
    const address = place.address ?? `192.0.2.${HOSTS[username] ?? 99}`;
    const { port = 5060, protocol = "udp", domain = "sip.local" } = place;
    return new Phone(this, { username, address, port, protocol, domain });
  }

  /** A phone that has registered its own address. */
  registered(username: string, place: Partial<PhonePlace> = {}): Phone {
    const phone = this.phone(username, place);
    phone.register();
    return phone;
  }

  /** Lets promises come true: look-ups and failures to send are told later. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }

  /** Fails when a message was sent that no phone has taken. */
  expectNothing(): void {
    const untaken = Object.values(this.transports).flatMap((transport) =>
      transport.flows.flatMap(({ remoteAddress, remotePort, sent }) =>
        sent.map((message) =>
          `${transport.protocol} to ${remoteAddress}:${remotePort}: ${startLine(message)}`
        )
      )
    );
    assert.deepEqual(untaken, [], "The server sent what nobody expected");
  }

  /** For branches and Call-IDs. */
  nextNumber(): number {
    return ++this.#number;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  #transport(protocol: TransportProtocol): MemoryTransport {
    if (protocol === "udp" || protocol === "tcp" || protocol === "tls") return this.transports[protocol];
    throw new RangeError(`Cannot serve "${protocol}" in memory`);
  }
}

const HOSTS: Readonly<Record<string, number>> = { alice: 11, bob: 12, carol: 13, dave: 14 };

/** Whose a phone is and where its messages come from. */
export interface PhonePlace {
  readonly username: string;
  readonly domain: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: "udp" | "tcp" | "tls";
}

/** The password of everybody called `username`. */
export function secretOf(username: string): string {
  return [...username].reverse().join("");
}

/** A user agent, or anything else that speaks SIP, at one address. */
export class Phone implements Credentials {
  readonly username: string;
  readonly secret: string;
  readonly #net: Network;
  readonly #place: PhonePlace;
  #cseq = 0;

  constructor(net: Network, place: PhonePlace) {
    this.#net = net;
    this.#place = place;
    this.username = place.username;
    this.secret = secretOf(place.username);
  }

  /** `sip:alice@192.0.2.11:5060`, with its transport when that is not UDP. */
  get uri(): string {
    const { username, address, port, protocol } = this.#place;
    return `sip:${username}@${address}:${port}${protocol === "udp" ? "" : `;transport=${protocol}`}`;
  }

  get transport(): MemoryTransport {
    return this.#net.transports[this.#place.protocol];
  }

  /**
   * Sends a request written as indented lines. What it does not say is usual: Via with a new branch, Max-Forwards,
   * From with this phone's address-of-record and tag, To with the Request-URI (REGISTER: the address-of-record),
   * Call-ID (a new one, but for REGISTER), CSeq counted up, Content-Length. Returns the whole message.
   */
  send(text: string): string {
    const { username, address, port, protocol, domain } = this.#place;
    const request = sip(text);
    const method = methodOf(request);
    const isRegister = method === "REGISTER";
    const addressOfRecord = `<sip:${username}@${domain}>`;
    const whole = complete(request, [
      `Via: SIP/2.0/${protocol.toUpperCase()} ${address}:${port};branch=z9hG4bK-${username}-${this.#net.nextNumber()}`,
      `Max-Forwards: 70`,
      `From: ${addressOfRecord};tag=tag-of-${username}`,
      `To: ${isRegister ? addressOfRecord : `<${requestUri(request)}>`}`,
      `Call-ID: ${isRegister ? "registrations" : `call-${this.#net.nextNumber()}`}@${address}:${port}`,
      `CSeq: ${++this.#cseq} ${method}`,
      `Content-Length: ${bodyOf(request).length}`,
    ]);
    return this.sendAsIs(whole);
  }

  /** Sends exactly these bytes and returns them. */
  sendAsIs(message: string): string {
    // Another request of this phone follows this one: its CSeq must be higher.
    const cseq = /^CSeq: *(\d+)/im.exec(message);
    if (cseq) this.#cseq = Math.max(this.#cseq, Number(cseq[1]));
    this.transport.receive(message, this.#place);
    return message;
  }

  /** Takes the next message: a response by its status (`180`), a request by the beginning of its start line. */
  expect(start: string): string {
    const wanted = /^\d/.test(start) ? `SIP/2.0 ${start}` : start;
    const message = this.#inbox().shift();
    if (message === undefined) assert.fail(`${this.uri} should have got "${wanted}" but got nothing`);
    assert.equal(message.slice(0, wanted.length), wanted, `${this.uri} got:\n${message}`);
    return message;
  }

  /** Everything that has come and was not taken. */
  takeAll(): string[] {
    return this.#inbox().splice(0);
  }

  expectNothing(): void {
    assert.deepEqual(this.#inbox().map(startLine), [], `${this.uri} should have got nothing`);
  }

  /** Answers a request; every phone has a tag of its own. */
  answer(request: string, status: string, parts: ResponseParts = {}): string {
    return this.sendAsIs(responseTo(request, status, { tag: `tag-at-${this.#place.address}`, ...parts }));
  }

  /** Answers 200 with this phone's Contact. */
  accept(request: string, lines = ""): string {
    return this.answer(request, "200 OK", { lines: `Contact: <${this.uri}>\n${lines}` });
  }

  /** Sends a request once more with credentials for the challenge that it got. */
  authenticate(request: string, challenge: string, options: Partial<DigestOptions> = {}): string {
    const { username, secret } = this;
    return this.sendAsIs(withCredentials(request, challenge, { username, secret, ...options }));
  }

  /** Sends a REGISTER with these lines, answers the challenge, and takes whatever final answer comes. */
  tryRegister(lines: string = `Contact: <${this.uri}>`): string {
    const request = this.send(
      [`REGISTER sip:${this.#place.domain} SIP/2.0`, sip(lines).trimEnd()].join("\n"),
    );
    this.authenticate(request, this.expect("401"));
    return this.expect("");
  }

  register(lines?: string): string {
    const answer = this.tryRegister(lines);
    assert.match(answer, /^SIP\/2\.0 200 /);
    return answer;
  }

  /** Sends an INVITE or other request, passes its 407, and returns what was sent with credentials. */
  sendAuthenticated(text: string): string {
    const request = this.send(text);
    const challenge = this.expect("407");
    if (methodOf(request) === "INVITE") this.sendAsIs(ackTo(request, challenge));
    return this.authenticate(request, challenge);
  }

  /** An authenticated INVITE with this phone's Contact and these lines, up to the 100. */
  invite(target: string, lines = ""): string {
    const invite = this.sendAuthenticated(
      [`INVITE ${target} SIP/2.0`, `Contact: <${this.uri}>`, sip(lines).trimEnd()].join("\n").trimEnd(),
    );
    this.expect("100");
    return invite;
  }

  /** Ends this phone's connection. */
  hangUpConnection(): void {
    this.transport.closeConnection(this.#place.address, this.#place.port);
  }

  #inbox(): string[] {
    const { address, port } = this.#place;
    return this.transport.flows.find((flow) =>
      flow.remoteAddress === address && flow.remotePort === port && flow.sent.length > 0
    )?.sent ?? [];
  }
}

function directoryOf(options: LadderOptions): MemoryDirectory {
  const { domains = ["sip.local"], peers = [] } = options;
  const { agents = Object.keys(HOSTS).map((username) => ({ username, domains: [domains[0]] })) } = options;
  const directory = new MemoryDirectory();
  const document = (kind: string, name: string, spec: object) => ({
    apiVersion: "v1beta1",
    kind,
    metadata: { name },
    spec,
  });
  const credentials = (username: string) => ({ username, secret: secretOf(username) });
  const resources: Resource[] = [
    ...domains.map((domainUri) =>
      domainSchema.parse(document("Domain", domainUri, { context: { domainUri } }))
    ),
    ...agents.map(({ username, ...spec }) =>
      agentSchema.parse(document("Agent", username, { credentials: credentials(username), ...spec }))
    ),
    ...peers.map((username) =>
      peerSchema.parse(document("Peer", username, { credentials: credentials(username) }))
    ),
  ];
  directory.replace(resources);
  return directory;
}
