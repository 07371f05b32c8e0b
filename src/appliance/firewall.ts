/**
 * Banned networks in a set of nftables (`spec.access.firewall: nftables`), so that the kernel drops what comes from there.
 * The server holds every ban as well: whatever goes wrong here costs speed alone. The table `routr` is ours; it is made
 * anew at the start and removed at the end.
 */
import type { Ban } from "../core/access/bans.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { addressWords } from "../runtime/ip/address_words.ts";
import { logger } from "../runtime/log.ts";

const log = logger("firewall");

/** Changes are gathered for this time. */
const DELAY_MS = 500;
/** Where systems have nft. */
const NFT = ["/usr/sbin/nft", "/usr/bin/nft", "/sbin/nft"];
/** Networks in one run of nft: the kernel takes messages of a certain length. */
const MAX_ELEMENTS = 1000;
/** UTF-16 units of a message of nft. */
const MAX_REASON_LENGTH = 300;

const TABLE = "inet routr";
/** Deleting a table that is not there is an error. */
const REMOVAL = `add table ${TABLE}\ndelete table ${TABLE}\n`;

type Family = "4" | "6";

/** A banned network as nftables writes it. */
interface Blocked {
  readonly family: Family;
  readonly network: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

export interface FirewallParts {
  /** Returns bans in force. */
  bans(): readonly Ban[];
  /** Reports whether an address is never banned. */
  isTrusted(address: string): boolean;
  /** Returns the ports that the server listens on. */
  ports(): readonly number[];
  readonly clock?: Clock;
  /** Gives commands to nft; rejects with what it says. */
  run?(commands: string): Promise<void>;
}

export class Firewall {
  readonly #parts: FirewallParts;
  readonly #clock: Clock;
  readonly #run: (commands: string) => Promise<void>;
  /** What is in the sets, by network. */
  readonly #blocked = new Map<string, Blocked>();
  #isOn = false;
  /** Whether the table may be there, and whether its sets are as `#blocked` has them. */
  #isThere = false;
  #isSetUp = false;
  #isFailing = false;
  #alarm: unknown;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: FirewallParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#run = parts.run ?? runNft;
  }

  /** Begins or ends to keep the sets; the server listens by now. */
  configure(isOn: boolean): void {
    if (isOn === this.#isOn) {
      if (isOn) this.change();
      return;
    }
    this.#isOn = isOn;
    this.#running = this.#running.then(() => isOn ? this.#update() : this.#remove());
  }

  /** Something has changed: the sets follow. */
  change(): void {
    if (!this.#isOn) return;
    this.#alarm ??= this.#clock.setAlarm(() => {
      this.#alarm = undefined;
      this.#running = this.#running.then(() => this.#update());
    }, DELAY_MS);
  }

  /** Removes everything. */
  async close(): Promise<void> {
    this.#clock.clearAlarm(this.#alarm);
    this.configure(false);
    await this.#running;
  }

  async #update(): Promise<void> {
    if (!this.#isOn) return;
    const wanted = this.#wanted();
    // After a failure nobody knows what there is.
    if (!this.#isSetUp) this.#blocked.clear();
    const commands = this.#isSetUp
      ? this.#changes(wanted)
      : [setUp(this.#parts.ports()), ...additions([...wanted.values()], this.#clock.wallTime())];
    if (commands.length === 0) return;
    try {
      for (const command of commands) {
        await this.#run(command);
        this.#isThere = true;
      }
      this.#isSetUp = true;
      this.#isFailing = false;
      this.#blocked.clear();
      for (const [network, blocked] of wanted) this.#blocked.set(network, blocked);
    } catch (error) {
      this.#isSetUp = false;
      this.#fail(error);
    }
  }

  async #remove(): Promise<void> {
    if (!this.#isThere) return;
    this.#isThere = this.#isSetUp = false;
    this.#blocked.clear();
    await this.#run(REMOVAL).catch((error) => this.#fail(error));
  }

  /** Networks where phones are registered stay: the server alone can tell the phones from the others. */
  #wanted(): Map<string, Blocked> {
    const wanted = new Map<string, Blocked>();
    for (const { address, until, isShared } of this.#parts.bans()) {
      if (isShared || this.#parts.isTrusted(address)) continue;
      const blocked = { ...writtenNetwork(address), until };
      wanted.set(blocked.network, blocked);
    }
    return wanted;
  }

  /** An element that is there keeps its time: one that changes is taken out first. It may be over, so it is added before. */
  #changes(wanted: ReadonlyMap<string, Blocked>): string[] {
    const now = this.#clock.wallTime();
    const gone = [...this.#blocked.values()].filter(({ network, until }) =>
      !isSameTime(wanted.get(network)?.until, until) && (until > now || wanted.has(network))
    );
    const fresh = [...wanted.values()].filter(({ network, until }) =>
      !isSameTime(this.#blocked.get(network)?.until, until)
    );
    return [
      ...elements("add", gone, ({ network }) => network),
      ...elements("delete", gone, ({ network }) => network),
      ...additions(fresh, now),
    ];
  }

  #fail(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(
      "Banned addresses are not in nftables: {reason}. The bans hold in the server alone (spec.access.firewall)",
      { reason: reason.slice(0, MAX_REASON_LENGTH) },
    );
  }
}

/** Ends of bans are shown by a clock that may drift from the one they are kept by. */
function isSameTime(one: number | undefined, other: number): boolean {
  return one !== undefined && Math.abs(one - other) < 5000;
}

/** Returns the commands that make the table anew, empty. */
function setUp(ports: readonly number[]): string {
  const listed = [...new Set(ports)].filter((port) => Number.isInteger(port) && port > 0).join(", ");
  return REMOVAL + `table ${TABLE} {
  set banned4 { type ipv4_addr; flags timeout; }
  set banned6 { type ipv6_addr; flags interval, timeout; }
  chain input {
    type filter hook input priority -10; policy accept;
    meta l4proto { tcp, udp, sctp } th dport { ${listed} } ip saddr @banned4 counter drop
    meta l4proto { tcp, udp, sctp } th dport { ${listed} } ip6 saddr @banned6 counter drop
  }
}
`;
}

function additions(blocked: readonly Blocked[], now: number): string[] {
  return elements("add", blocked, ({ network, until }) => {
    return `${network} timeout ${Math.max(1, Math.ceil((until - now) / 1000))}s`;
  });
}

function elements(
  verb: "add" | "delete",
  blocked: readonly Blocked[],
  write: (blocked: Blocked) => string,
): string[] {
  const commands: string[] = [];
  for (const family of ["4", "6"] as const) {
    const ofFamily = blocked.filter((each) => each.family === family).map(write);
    for (let at = 0; at < ofFamily.length; at += MAX_ELEMENTS) {
      const list = ofFamily.slice(at, at + MAX_ELEMENTS).join(", ");
      commands.push(`${verb} element ${TABLE} banned${family} { ${list} }\n`);
    }
  }
  return commands;
}

/** Writes an IPv4 address, or the /64 of an IPv6 address, from its numbers: no text of others gets to nft. */
function writtenNetwork(address: string): { family: Family; network: string } {
  const words = addressWords(address);
  if (words.length === 1) {
    const [word] = words;
    return { family: "4", network: [word >>> 24, word >>> 16 & 255, word >>> 8 & 255, word & 255].join(".") };
  }
  const groups = words.slice(0, 2).flatMap((word) => [word >>> 16, word & 0xffff]);
  return { family: "6", network: `${groups.map((group) => group.toString(16)).join(":")}::/64` };
}

async function runNft(commands: string): Promise<void> {
  const process = spawnNft();
  const writer = process.stdin.getWriter();
  // A program that has ended reads nothing; its status says why.
  await writer.write(new TextEncoder().encode(commands)).catch(() => {});
  await writer.close().catch(() => {});
  const { success, code, stderr } = await process.output();
  if (success) return;
  const said = new TextDecoder().decode(stderr).trim().split("\n")[0];
  throw new Error(
    /Operation not permitted/.test(said)
      ? `nft may not change anything (it needs CAP_NET_ADMIN): ${said}`
      : `nft says ${said === "" ? `nothing and ends with ${code}` : said}`,
  );
}

/** The permission of the program names these files; a name without a folder would be told as missing at each start. */
function spawnNft(): Deno.ChildProcess {
  for (const path of NFT) {
    try {
      return new Deno.Command(path, { args: ["-f", "-"], stdin: "piped", stdout: "null", stderr: "piped" })
        .spawn();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`there is none of ${NFT.join(", ")}: install nftables`);
}
