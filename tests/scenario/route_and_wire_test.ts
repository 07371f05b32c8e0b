/** `Router.route()` and the wire agree: random directories, registrations, callers and requests. */
import assert from "node:assert/strict";
import type { Caller } from "../../src/core/authentication/caller.ts";
import { preprocessRoutes } from "../../src/core/proxy/route_preprocessing.ts";
import { OwnUris } from "../../src/core/routing/own_uris.ts";
import { Router } from "../../src/core/routing/router.ts";
import type { RouteDecision, RouteQuery, Routing } from "../../src/core/routing/routing.ts";
import { MemoryDirectory } from "../../src/data/directory.ts";
import type { TransportLayer } from "../../src/transport/transport_layer.ts";
import { MemoryTransport } from "../support/memory_transport.ts";
import type { Phone } from "../support/phone.ts";
import { Random } from "../support/random.ts";
import {
  ADDRESS_INFO,
  AGENTS,
  DOMAINS,
  GATEWAYS,
  ladderOptionsOf,
  NUMBERS,
  PEERS,
  randomDevices,
  type RandomWorld,
  randomWorld,
} from "../support/random_world.ts";
import { Network, readResource, SERVER } from "../support/scenario.ts";
import { ackTo, methodOf, requestUri, responseTo, startLine } from "../support/sip_text.ts";
import { IDLE_USER, transportRig } from "../support/transport_rig.ts";
import { readRequest } from "../unit/message/sample_message.ts";

const WORLDS = 200;
const REQUESTS = 10;
const METHODS = ["INVITE", "INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE", "PUBLISH"] as const;

const UNAUTHENTICATED: Caller = { kind: "unauthenticated" };

/** The listeners of the server, as `Network` has them. */
const TRANSPORTS = [
  { protocol: "udp", address: SERVER, port: 5060 },
  { protocol: "tcp", address: SERVER, port: 5060 },
  { protocol: "tls", address: SERVER, port: 5061 },
] as const;

/** Somebody who sends a request: as the wire sees it, and as the router is told. */
interface Sender {
  readonly phone: Phone;
  readonly from: string;
  /** Undefined for one that nobody lets in. */
  readonly caller: Caller | undefined;
  readonly isSecure: boolean;
  /** Whether it answers a challenge. */
  readonly isAuthenticated: boolean;
}

/** A server of a random world, and a router that was made for the same. */
class Comparison {
  readonly #world: RandomWorld;
  readonly #random: Random;
  readonly #net: Network;
  readonly #directory = new MemoryDirectory();
  readonly #router: Router;
  readonly #ownUris: OwnUris;
  readonly #contacts: readonly string[];

  private constructor(
    world: RandomWorld,
    random: Random,
    { net, transport }: { net: Network; transport: TransportLayer },
  ) {
    this.#world = world;
    this.#random = random;
    this.#net = net;
    const directory = this.#directory;
    directory.replace(world.resources.map(readResource));
    this.#ownUris = new OwnUris({ transport, directory, names: { has: () => false } });
    const { spec } = world;
    this.#router = new Router({
      directory,
      location: net.server.location,
      ownUris: this.#ownUris,
      allowsInterDomainCalls: spec.interDomainCalls,
      usesTo: spec.useToAsAOR,
      addressInfo: spec.addressInfo,
      convertsToE164: spec.ex_convertTelToE164,
    });
    this.#contacts = randomDevices(world, random).map(({ username, place, contact }) => {
      const answer = net.phone(username, place).tryRegister(`Contact: ${contact}`);
      assert.match(answer, /^SIP\/2\.0 200 /, `${username} ${JSON.stringify(place)}`);
      return contact;
    });
  }

  static async start(random: Random): Promise<Comparison> {
    const world = randomWorld(random);
    const { layer: transport } = transportRig();
    for (const { protocol, address, port } of TRANSPORTS) {
      await transport.open(new MemoryTransport(protocol, address, port), IDLE_USER);
    }
    return new Comparison(world, random, { net: await Network.start(ladderOptionsOf(world)), transport });
  }

  stop(): Promise<void> {
    return this.#net.stop();
  }

  /** Sends a random request, and compares what becomes of it with what the router says. Returns its outcome. */
  async compare(): Promise<string> {
    const random = this.#random;
    const sender = this.#sender();
    const uri = this.#target(sender.isSecure);
    const method = random.one(METHODS);
    const to = random.chance(0.7) ? uri : this.#target(sender.isSecure);
    const lines = [
      `${method} ${uri} SIP/2.0`,
      `From: <${sender.from}>;tag=f`,
      `To: <${to}>`,
      `Contact: <${sender.phone.uri}>`,
      ...random.chance(0.3) ? [`${ADDRESS_INFO}: <${this.#target(false)}>`] : [],
      ...method === "SUBSCRIBE" || method === "PUBLISH"
        ? [`Event: ${random.one(["dialog", "presence", "message-summary"])}`]
        : [],
      ...random.chance(0.1) ? ["Privacy: id"] : [],
    ];
    const { sent, status } = this.#send(sender, lines.join("\n"));
    const { caller } = sender;
    if (!caller) {
      assert.ok(status === 403 || status === 407, `${status}`);
      assert.deepEqual(await this.#refuseAll(), []);
      return "stranger";
    }
    const { routing, trace } = this.#route(sent, { ...sender, caller });
    const told = `${sent}\n${JSON.stringify(trace, null, 1)}\nthe wire says ${status}`;
    if (routing.kind === "refused") {
      assert.equal(status, routing.answer.status, told);
      assert.deepEqual(await this.#refuseAll(), [], told);
      return `${status}`;
    }
    const wanted = routing.targets.known.map(({ requestUri }) => requestUri);
    const forwarded = (await this.#refuseAll()).map(requestUri);
    assert.deepEqual(forwarded.sort(), wanted.sort(), told);
    this.#hangUp(sent, sender.phone, told);
    return routing.targets.known.some(({ egress }) => egress) ? "gateway" : "device";
  }

  /** Asks the router, twice, and checks that this changes nothing. */
  #route(
    sent: string,
    { caller, isAuthenticated }: Sender & { caller: Caller },
  ): { routing: Routing; trace: RouteDecision[] } {
    const request = readRequest(sent);
    const flow = this.#net.transports.udp.flowTo("192.0.2.250", 5060);
    const routed = preprocessRoutes(request, flow, {
      dialogRoutes: { open: () => undefined } as never,
      nodeRoutes: undefined,
      ownUris: this.#ownUris,
    });
    const query: RouteQuery = { request, routed, caller, isAuthenticated };
    const before = this.#state();
    const [trace, again]: RouteDecision[][] = [[], []];
    const routing = this.#router.route(query, trace);
    assert.deepEqual(plain(this.#router.route(query, again)), plain(routing));
    assert.deepEqual(plain(this.#router.route(query)), plain(routing));
    assert.deepEqual(again, trace);
    assert.deepEqual(this.#state(), before);
    for (const { rule, result } of trace) assert.ok(rule !== "" && result !== "", JSON.stringify(trace));
    const last = trace.at(-1)!;
    if (routing.kind === "refused") {
      assert.equal(last.rule, "answer");
      assert.ok(last.result.startsWith(`${routing.answer.status} `), last.result);
    } else {
      assert.equal(last.rule, "targets");
      assert.equal(last.result, routing.targets.known.map(({ requestUri }) => requestUri).join(", "));
    }
    return { routing, trace };
  }

  /** Everything that a question could change. */
  #state(): unknown {
    const bindings = [...this.#net.server.location.entries()].map(([aor, all]) => [
      aor,
      all.map(({ contact, flow }) => [contact, flow.id]),
    ]);
    const flows = Object.values(this.#net.transports).map((transport) =>
      transport.flows.map(({ sent, isOpen }) => [sent.length, isOpen])
    );
    return { bindings, flows };
  }

  /** Sends a request, again with credentials where they are asked for, and returns the first final status. */
  #send({ phone, isAuthenticated }: Sender, lines: string): { sent: string; status: number } {
    const sent = phone.send(lines);
    const [first] = finals(phone);
    if (statusOf(first) !== 407 || !isAuthenticated) return { sent, status: statusOf(first) };
    if (methodOf(sent) === "INVITE") phone.sendAsIs(ackTo(sent, first));
    const again = phone.authenticate(sent, first);
    const [second] = finals(phone);
    assert.notEqual(statusOf(second), 407, `${again}\n${second}`);
    return { sent: again, status: statusOf(second) };
  }

  /** Answers everything that was forwarded with 480, group after group, and returns it. */
  async #refuseAll(): Promise<string[]> {
    const all: string[] = [];
    for (let isNew = true; isNew;) {
      isNew = false;
      await this.#net.settle();
      for (const transport of Object.values(this.#net.transports)) {
        for (const { sent, remoteAddress, remotePort } of transport.flows) {
          const requests = sent.filter((text) => !text.startsWith("SIP/2.0 "));
          if (requests.length === 0) continue;
          sent.splice(0, sent.length, ...sent.filter((text) => text.startsWith("SIP/2.0 ")));
          for (const request of requests.filter((text) => !text.startsWith("ACK "))) {
            all.push(request);
            isNew = true;
            transport.receive(responseTo(request, "480 Away", { tag: "t" }), {
              address: remoteAddress,
              port: remotePort,
            });
          }
        }
      }
    }
    return all;
  }

  /** Takes the answer to a request that was forwarded and refused. */
  #hangUp(sent: string, phone: Phone, told: string): void {
    const [answer] = finals(phone);
    assert.equal(statusOf(answer), 480, told);
    if (methodOf(sent) === "INVITE") phone.sendAsIs(ackTo(sent, answer));
  }

  #sender(): Sender {
    const { agents, peers, gateways, domains, spec } = this.#world;
    const random = this.#random;
    const isOpen = spec.allowUnauthenticatedCalls;
    const protocol = random.one(["udp", "tcp", "tls"] as const);
    const place = { address: "192.0.2.200", protocol };
    const isSecure = protocol === "tls";
    const kind = random.one([
      "agent",
      "agent",
      "agent",
      "peer",
      "gateway",
      "gateway",
      "signed gateway",
      "stranger",
    ]);
    if (kind === "peer" && peers.length > 0) {
      const { username, device } = random.one(peers);
      // By its own name at its device or at this server, or for anybody in a domain.
      const user = isOpen ? username : random.one([username, ...AGENTS]);
      const home = device ?? SERVER;
      const host = user === username && (isOpen || random.chance()) ? home : random.one(domains);
      const peer = this.#directory.peer(username)!;
      const isAgent = !isOpen && this.#directory.agent(username, host) !== undefined;
      if (!isAgent) {
        const domain = !isOpen && this.#directory.domain(host) ? host : undefined;
        const phone = this.#net.phone(username, place);
        const caller: Caller = { kind: "peer", peer, domain };
        return { phone, from: `sip:${user}@${host}`, caller, isSecure, isAuthenticated: true };
      }
    }
    const trunk = gateways.length > 0 ? random.one(gateways) : undefined;
    if (kind === "gateway" && trunk) {
      const gatewayPlace = { address: trunk.host, protocol: trunk.protocol };
      return {
        phone: this.#net.phone("+49301", gatewayPlace),
        from: `sip:+49301@${trunk.host}`,
        caller: { kind: "gateway", gateways: [this.#directory.gateway(trunk.ref)!] },
        isSecure: trunk.protocol === "tls",
        isAuthenticated: false,
      };
    }
    if (kind === "signed gateway" && trunk?.hasPassword && !isOpen) {
      return {
        phone: this.#net.phone("trunk", place),
        from: `sip:+49301@${trunk.host}`,
        caller: { kind: "gateway", gateways: [this.#directory.gateway(trunk.ref)!] },
        isSecure,
        isAuthenticated: true,
      };
    }
    if (kind === "stranger") {
      const from = `sip:mallory@${random.one(["elsewhere.example", ...domains])}`;
      const caller = isOpen ? UNAUTHENTICATED : undefined;
      return { phone: this.#net.phone("mallory", place), from, caller, isSecure, isAuthenticated: false };
    }
    const { username, domains: own } = random.one(agents);
    const domain = random.one(own);
    return {
      phone: this.#net.phone(username, place),
      from: `sip:${username}@${domain}`,
      caller: { kind: "agent", agent: this.#directory.agent(username, domain)!, domain },
      isSecure,
      isAuthenticated: true,
    };
  }

  /** Returns a Request-URI, or a value of To; `sips:` only where it may be sent. */
  #target(isSecure: boolean): string {
    const random = this.#random;
    const scheme = isSecure && random.chance(0.4) ? "sips" : "sip";
    const contact = this.#contacts.length > 0 ? random.one(this.#contacts) : undefined;
    if (contact && random.chance(0.1)) return `${scheme}:${/:([^>;]*)/.exec(contact)![1]}`;
    if (random.chance(0.15)) {
      return random.one([
        ...NUMBERS.map((number) => `tel:${number}`),
        "tel:0301;phone-context=+49",
        "tel:+44-20-77",
        "urn:service:sos",
      ]);
    }
    const user = random.one([
      ...this.#world.agents.map(({ username }) => username),
      ...this.#world.agents.map(({ username }) => username),
      ...AGENTS,
      ...PEERS,
      ...NUMBERS,
      "0049301",
      "+44201",
      "9abc",
      "nobody",
      "%61lice",
      "+44201;npdi;rn=15550104111",
    ]);
    // A number that is dialled at home is the way out.
    if (random.chance(0.2)) {
      return `${scheme}:${random.one(["0049301", "+44201", "9"])}@${random.one(this.#world.domains)}`;
    }
    const host = random.one([
      ...DOMAINS,
      ...this.#world.domains,
      ...this.#world.domains,
      ...this.#world.domains,
      ...this.#world.domains,
      SERVER,
      `${SERVER}:5060`,
      "pbx.device",
      "bob.device",
      ...GATEWAYS,
      "elsewhere.example",
      `a.example;maddr=${random.one([SERVER, "203.0.113.9"])}`,
      "a.example;user=phone",
    ]);
    return `${scheme}:${user}@${host}`;
  }
}

/** What can be compared of a routing: target sets are made anew for each question. */
function plain(routing: Routing): unknown {
  if (routing.kind === "refused") return routing;
  return {
    ...routing,
    targets: routing.targets.known.map((target) => ({ ...target, flow: target.flow?.id })),
  };
}

/** Takes what has come to a phone, and returns the final responses. */
function finals(phone: Phone): string[] {
  return phone.takeAll().filter((text) => /^SIP\/2\.0 [2-6]/.test(text));
}

/** 0 for none. */
function statusOf(response: string | undefined): number {
  return response === undefined ? 0 : Number(startLine(response).split(" ")[1]);
}

Deno.test(`route() and the wire agree in ${WORLDS} random worlds, and a question changes nothing`, async () => {
  const outcomes = new Map<string, number>();
  for (let seed = 1; seed <= WORLDS; seed++) {
    const comparison = await Comparison.start(new Random(seed));
    try {
      for (let n = 0; n < REQUESTS; n++) {
        const outcome = await comparison.compare();
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    } catch (error) {
      throw new Error(`Seed ${seed} fails`, { cause: error });
    } finally {
      await comparison.stop();
    }
  }
  // Chance alone keeps none of them away.
  for (const outcome of ["device", "gateway", "stranger", "403", "404", "480", "489"]) {
    assert.ok((outcomes.get(outcome) ?? 0) >= 10, `${outcome}: ${outcomes.get(outcome)}`);
  }
});
