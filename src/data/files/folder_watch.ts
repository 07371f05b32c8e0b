import { type Clock, systemClock } from "../../runtime/clock.ts";

/** A change is reported when the files have not changed for this time, since many editors write in several steps. */
const QUIET_PERIOD_MS = 100;
/** A change is reported after this time at the latest: a large file may be on its way over a network. */
const MAX_UNREST_MS = 5000;
/** Interval of looking at the files: long while the system reports changes, since it misses some. */
const WATCHED_INTERVAL_MS = 5000;
const UNWATCHED_INTERVAL_MS = 400;
const MIN_INTERVAL_MS = 50;

export interface FolderWatchOptions {
  /** Returns a text that differs whenever a relevant file has changed. Must not throw. */
  readonly fingerprint: () => Promise<string>;
  /** The fingerprint at the beginning. */
  readonly known: string;
  readonly onChange: () => void;
  readonly clock?: Clock;
}

/**
 * Reports changes of files in a folder: written in place, replaced by renaming, linked anew, or deleted. The system's
 * notices only hasten this, so the folder need not exist yet, and its file system need not give notices.
 */
export class FolderWatch {
  readonly #path: string;
  readonly #options: FolderWatchOptions;
  readonly #clock: Clock;
  #watcher: Deno.FsWatcher | undefined;
  #watchedInode: number | null | undefined;
  #closed = false;
  /** Set when a notice has arrived since the last look at the files. */
  #noticed = false;
  /** False while notices do not end the pause. */
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
    let reported = this.#options.known;
    while (!this.#closed) {
      await this.#keepWatching();
      this.#noticed = false;
      const seen = await this.#options.fingerprint();
      if (seen === reported) {
        await this.#untilNotice(this.#watcher === undefined ? UNWATCHED_INTERVAL_MS : WATCHED_INTERVAL_MS);
        continue;
      }
      reported = await this.#settled(seen);
      if (!this.#closed) this.#options.onChange();
    }
  }

  /** Returns the fingerprint once it stays the same. */
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

  /** Pauses shortly after a notice, since other files of the folder may be written all the time. */
  async #untilNotice(ms: number): Promise<void> {
    if (!this.#noticed) await this.#pause(ms);
    if (this.#noticed) await this.#rest(MIN_INTERVAL_MS);
  }

  /** Pauses without regard to notices. */
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

  /** Watches the folder, and another one that replaces it. */
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
      // The system has no watches, or no more of them: files are looked at often instead.
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
      // The system stopped watching; the next look at the files starts again.
      if (watcher === this.#watcher) this.#stopWatching();
    }
  }

  #stopWatching(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watchedInode = undefined;
  }
}
