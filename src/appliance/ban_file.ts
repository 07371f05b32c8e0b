/** `bans.json` in the state folder: bans outlive the process. */
import { dirname } from "node:path";
import * as z from "zod";
import type { Ban, Bans } from "../core/access/bans.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { networkOf } from "../runtime/ip/address_words.ts";
import { readAddress } from "../runtime/ip/written_address.ts";
import { logger } from "../runtime/log.ts";

const log = logger("access");

/** Changes are gathered for this time before they are written. */
const WRITE_DELAY_MS = 1000;
/** UTF-8 bytes of a file that is read: twice what the most suspects take. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_TEXT = 256;

const FORM = 1;

const keptBan = z.object({
  address: z.string().max(MAX_TEXT).refine((address) => readAddress(address) !== undefined),
  since: z.number().nonnegative(),
  until: z.number().nonnegative(),
  count: z.int().min(1).max(1_000_000),
  reason: z.string().max(MAX_TEXT),
  users: z.array(z.string().max(MAX_TEXT)).max(64),
});

type KeptBan = z.output<typeof keptBan>;

export interface BanFileParts {
  readonly path: string;
  readonly bans: Pick<Bans, "list" | "adopt">;
  readonly clock?: Clock;
}

export class BanFile {
  readonly #path: string;
  readonly #bans: BanFileParts["bans"];
  readonly #clock: Clock;
  #alarm: unknown;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor({ path, bans, clock = systemClock }: BanFileParts) {
    this.#path = path;
    this.#bans = bans;
    this.#clock = clock;
  }

  /** Puts the bans of the file in force. Never rejects: what cannot be read is told, and the server starts. */
  async restore(): Promise<void> {
    const text = await this.#read();
    if (text === undefined) return;
    const { bans, faults } = readBans(text);
    if (faults > 0) {
      log.warn("{path} has {faults} entries that are no bans: they are left out", {
        path: this.#path,
        faults,
      });
    }
    this.#bans.adopt(bans.map((ban) => inForce(ban, this.#clock.wallTime())));
  }

  /** Something has changed: the file is written within a second. */
  change(): void {
    this.#alarm ??= this.#clock.setAlarm(() => {
      this.#alarm = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    }, WRITE_DELAY_MS);
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    if (this.#alarm !== undefined) {
      this.#clock.clearAlarm(this.#alarm);
      this.#alarm = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    }
    await this.#writing;
  }

  /** Returns the text of the file; undefined when there is none. A file that nobody can use is kept beside. */
  async #read(): Promise<string | undefined> {
    // That the folder cannot be used is told by those who keep more there.
    const found = await Deno.stat(this.#path).catch(() => undefined);
    if (!found) return undefined;
    try {
      if (found.size > MAX_FILE_BYTES) throw new RangeError(`it has ${found.size} bytes`);
      const text = await Deno.readTextFile(this.#path);
      assertForm(text);
      return text;
    } catch (error) {
      const kept = `${this.#path}.unreadable`;
      const isKept = await Deno.rename(this.#path, kept).then(() => true, () => false);
      log.warn("Cannot read the bans that were kept: {reason}{where}", {
        reason: reasonOf(error),
        where: isKept ? `; the file is now ${kept}` : "",
      });
      return undefined;
    }
  }

  async #write(): Promise<void> {
    const draft = `${this.#path}.new`;
    const bans = this.#bans.list().map(({ network: _, isShared: __, ...ban }) => ban);
    try {
      await Deno.mkdir(dirname(this.#path), { recursive: true });
      await Deno.remove(draft).catch(() => {});
      const text = `{"form":${FORM},"bans":[\n${bans.map((ban) => JSON.stringify(ban)).join(",\n")}\n]}\n`;
      await Deno.writeTextFile(draft, text, { mode: 0o600, createNew: true });
      await Deno.rename(draft, this.#path);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) {
        log.warn("Bans are lost at the next restart: {reason}", { reason: reasonOf(error) });
      }
      this.#isFailing = true;
    }
  }
}

/** Throws for a text that is no file of bans. */
function assertForm(text: string): void {
  const value: unknown = JSON.parse(text);
  const { success, data } = z.object({ form: z.int(), bans: z.array(z.unknown()) }).safeParse(value);
  if (!success) throw new TypeError("it is no list of bans");
  if (data.form !== FORM) throw new TypeError(`it has the form of another release (${data.form})`);
}

function readBans(text: string): { bans: KeptBan[]; faults: number } {
  const { bans: entries } = JSON.parse(text) as { bans: readonly unknown[] };
  const bans = entries.map((entry) => keptBan.safeParse(entry).data).filter((ban) => ban !== undefined);
  return { bans, faults: entries.length - bans.length };
}

/** The wall clock may have been set meanwhile: a ban never has more time left than it was given. */
function inForce(ban: KeptBan, now: number): Ban {
  const left = Math.min(ban.until - now, ban.until - ban.since);
  const address = readAddress(ban.address)!;
  return { ...ban, address, network: networkOf(address), until: now + left, isShared: false };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
