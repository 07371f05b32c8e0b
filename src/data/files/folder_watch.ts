import { type Clock, systemClock } from "../../runtime/clock.ts";

/** A change is told once the files have been still for so long, since many editors write in several steps. Milliseconds. */
const QUIET_PERIOD_MS = 100;
/** It is told after this time even if they are not: a large file may be on its way over a network. */
const MAX_UNREST_MS = 5000;
/** How often files are looked at without being told to: rarely while the system reports changes, for those it misses. */
const WATCHED_INTERVAL_MS = 5000;
const UNWATCHED_INTERVAL_MS = 400;
const MIN_INTERVAL_MS = 50;

export interface FolderWatchOptions {
  /** A text that differs whenever one of the files that matter has changed. Must not throw. */
  readonly fingerprint: () => Promise<string>;
  /** The fingerprint of what is known already. */
  readonly known: string;
  readonly onChange: () => void;
  readonly clock?: Clock;
}

/**
 * Tells when files of a folder change: written in place, replaced by renaming, linked anew, or deleted. The system's
 * notices only hasten it, so a folder that does not exist yet or whose file system gives no notices will do.
 */
export class FolderWatch {
  readonly #path: string;
  readonly #options: FolderWatchOptions;
  readonly #clock: Clock;
  #watcher: Deno.FsWatcher | undefined;
  #watchedInode: number | null | undefined;
  #closed = false;
  /** A notice arrived since files were last looked at. */
  #noticed = false;
  /** Whether a notice ends the pause. */
  #wakeable = true;
  #endPause: () => void = () => {};

  constructor(path: string, options: FolderWatchOptions) {
    this.#path = path;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    void this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#stopWatching();
    this.#endPause();
  }

  async #run(): Promise<void> {
    let told = this.#options.known;
    while (!this.#closed) {
      await this.#keepWatching();
      this.#noticed = false;
      const seen = await this.#options.fingerprint();
      if (seen === told) {
        await this.#untilNotice(this.#watcher === undefined ? UNWATCHED_INTERVAL_MS : WATCHED_INTERVAL_MS);
        continue;
      }
      told = await this.#settled(seen);
      if (!this.#closed) this.#options.onChange();
    }
  }

  /** The fingerprint once it stays the same. */
  async #settled(first: string): Promise<string> {
    const end = this.#clock.now() + MAX_UNREST_MS;
    let seen = first;
    while (!this.#closed && this.#clock.now() < end) {
      await this.#rest(QUIET_PERIOD_MS);
      const again = await this.#options.fingerprint();
      if (again === seen) break;
      seen = again;
    }
    return seen;
  }

  /** After a notice there is a short rest, since other files of the folder may be written all the time. */
  async #untilNotice(ms: number): Promise<void> {
    if (!this.#noticed) await this.#pause(ms);
    if (this.#noticed) await this.#rest(MIN_INTERVAL_MS);
  }

  /** A pause that no notice ends. */
  async #rest(ms: number): Promise<void> {
    this.#wakeable = false;
    await this.#pause(ms);
    this.#wakeable = true;
  }

  #pause(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const alarm = this.#clock.setAlarm(resolve, ms);
      this.#endPause = () => {
        this.#clock.clearAlarm(alarm);
        resolve();
      };
    });
  }

  /** Watches the folder, anew if another one has taken its place. */
  async #keepWatching(): Promise<void> {
    const inode = await Deno.stat(this.#path).then((info) => info.ino, () => undefined);
    if (this.#closed || (inode !== undefined && inode === this.#watchedInode)) return;
    this.#stopWatching();
    if (inode === undefined) return;
    try {
      this.#watcher = Deno.watchFs(this.#path, { recursive: false });
      this.#watchedInode = inode;
      void this.#follow(this.#watcher);
    } catch {
      // No means to watch, or too many watches on this system: files are looked at often instead.
    }
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const event of watcher) {
        if (event.kind === "access") continue;
        this.#noticed = true;
        if (this.#wakeable) this.#endPause();
      }
    } catch {
      // The system gave up watching; the next look at the files begins anew.
      if (watcher === this.#watcher) this.#stopWatching();
    }
  }

  #stopWatching(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watchedInode = undefined;
  }
}
