/** A file of records, which only grows. A record is there as a whole or not at all. */
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { systemClock } from "../runtime/clock.ts";
import { DamagedFile } from "./damaged_file.ts";
import { BATCH_HEADER_BYTES, rowsIn } from "./row_batch.ts";

const FILE_HEADER = new TextEncoder().encode("routr registrations 1\n");
/** Before each record, in the place that a `RowBatch` has for it: its size, its CRC-32, and the CRC-32 of these two. */
const RECORD_HEADER_BYTES = BATCH_HEADER_BYTES;
/** Time for a predecessor to end. */
const BUSY_TIMEOUT_MS = 1000;
const CHUNK_BYTES = 65_536;

export interface LogRecord {
  readonly offset: number;
  readonly size: number;
}

/** An open file that no other process can open. After an exception of any method, only `close` may be called. */
export class LogFile {
  readonly #file: Deno.FsFile;
  #end = 0;
  readonly #header = new Uint8Array(RECORD_HEADER_BYTES);
  readonly #view = new DataView(this.#header.buffer);

  /** Creates folder and file where they are missing, both for this user alone. Other rights of a file stay. */
  static async open(path: string): Promise<LogFile> {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const deadline = systemClock.now() + BUSY_TIMEOUT_MS;
    for (;;) {
      if (isFolder(path)) throw new DamagedFile("it is not a file");
      const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
      try {
        await lock(file, deadline);
        // Another process may have replaced the file since it was opened.
        if (isAt(file, path)) return new LogFile(file).#begin(path);
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
    }
  }

  /** Creates an empty file in a folder that this process owns. */
  static create(path: string): LogFile {
    const file = Deno.openSync(path, { read: true, write: true, create: true, truncate: true, mode: 0o600 });
    file.lockSync(true);
    return new LogFile(file).#begin(path);
  }

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Reports whether the file is still at its path. */
  isAt(path: string): boolean {
    return isAt(this.#file, path);
  }

  /** Appends the rows of a batch, which are not durable before `sync`. */
  append(batch: ArrayBuffer): LogRecord {
    const rows = rowsIn(batch);
    const view = new DataView(batch);
    view.setUint32(4, crc32(rows), true);
    view.setUint32(8, crc32(new Uint8Array(batch, 0, 8)), true);
    const offset = this.#end + RECORD_HEADER_BYTES;
    this.#write(new Uint8Array(batch, 0, RECORD_HEADER_BYTES + rows.length));
    return { offset, size: rows.length };
  }

  sync(): void {
    this.#file.syncDataSync();
  }

  read({ offset, size }: LogRecord): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size);
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let filled = 0; filled < size;) {
      filled += this.#readSome(bytes.subarray(filled));
    }
    return bytes;
  }

  /**
   * Calls back with each record. Returns false when the last one is unfinished, to be removed by `trim`. Throws
   * `DamagedFile` at any other fault.
   */
  scan(onRecord: (record: LogRecord, bytes: Uint8Array<ArrayBuffer>) => void): boolean {
    const fileSize = this.#file.statSync().size;
    while (this.#end < fileSize) {
      const record = this.#headerAt(this.#end, fileSize);
      if (record === undefined) return false;
      const bytes = this.read(record);
      const end = record.offset + record.size;
      if (crc32(bytes) !== this.#view.getUint32(4, true)) {
        if (end === fileSize) return false;
        throw new DamagedFile("a record is damaged");
      }
      onRecord(record, bytes);
      this.#end = end;
    }
    return true;
  }

  /** Removes what follows the last record. */
  trim(): void {
    this.#file.truncateSync(this.#end);
  }

  /** Gives the file another name in its folder, for good. */
  rename(path: string, name: string): void {
    Deno.renameSync(path, name);
    syncFolder(name);
  }

  close(): void {
    this.#file.close();
  }

  #begin(path: string): this {
    const { size } = this.#file.statSync();
    const found = this.read({ offset: 0, size: Math.min(size, FILE_HEADER.length) });
    if (found.some((byte, i) => byte !== FILE_HEADER[i])) {
      throw new DamagedFile("it is the file of another program");
    }
    if (size < FILE_HEADER.length) {
      // It is new, or a power cut ended its creation.
      this.#write(FILE_HEADER);
      this.sync();
      syncFolder(path);
    }
    this.#end = FILE_HEADER.length;
    return this;
  }

  /** Reads the header of a record; undefined when the record goes beyond the end of the file, or was not written to the end. */
  #headerAt(start: number, fileSize: number): LogRecord | undefined {
    const offset = start + RECORD_HEADER_BYTES;
    if (offset > fileSize) return undefined;
    this.#header.set(this.read({ offset: start, size: RECORD_HEADER_BYTES }));
    if (crc32(this.#header.subarray(0, 8)) !== this.#view.getUint32(8, true)) {
      if (this.#isEmptyFrom(offset, fileSize)) return undefined;
      throw new DamagedFile("a record has no beginning");
    }
    const size = this.#view.getUint32(0, true);
    return offset + size > fileSize ? undefined : { offset, size };
  }

  #isEmptyFrom(start: number, fileSize: number): boolean {
    for (let offset = start; offset < fileSize; offset += CHUNK_BYTES) {
      const bytes = this.read({ offset, size: Math.min(CHUNK_BYTES, fileSize - offset) });
      if (bytes.some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  #readSome(bytes: Uint8Array): number {
    let count: number | null;
    try {
      count = this.#file.readSync(bytes);
    } catch (error) {
      // The medium cannot read its own sectors.
      if (!(error instanceof Error && "code" in error && error.code === "EIO")) throw error;
      throw new DamagedFile(error.message, { cause: error });
    }
    if (count === null) throw new DamagedFile("it has become shorter");
    return count;
  }

  #write(bytes: Uint8Array): void {
    this.#file.seekSync(this.#end, Deno.SeekMode.Start);
    for (let written = 0; written < bytes.length;) written += this.#file.writeSync(bytes.subarray(written));
    this.#end += bytes.length;
  }
}

async function lock(file: Deno.FsFile, deadline: number): Promise<void> {
  let alarm: unknown;
  const limit = new Promise<void>((_, reject) => {
    const fail = () => reject(new Error("it is in use by another process"));
    alarm = systemClock.setAlarm(fail, deadline - systemClock.now());
  });
  await Promise.race([file.lock(true), limit]);
  systemClock.clearAlarm(alarm);
}

function isAt(file: Deno.FsFile, path: string): boolean {
  try {
    const { dev, ino } = file.statSync();
    const found = Deno.statSync(path);
    return found.dev === dev && found.ino === ino;
  } catch {
    return false;
  }
}

/** Makes a new or renamed file durable, where the system lets folders be opened. */
function syncFolder(path: string): void {
  let folder: Deno.FsFile;
  try {
    folder = Deno.openSync(dirname(path), { read: true });
  } catch {
    return;
  }
  folder.syncSync();
  folder.close();
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
