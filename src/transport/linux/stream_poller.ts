/** Waits for all sockets of connections at once, by one `epoll`. */
import { systemClock } from "../../runtime/clock.ts";
import type { Libc } from "../../runtime/native/libc.ts";
import { type DrainedSocket, sharedReceiveLoop } from "./receive_loop.ts";
import { StreamBuffers } from "./stream_buffers.ts";

/** A socket whose readiness is awaited. */
export interface PolledSocket {
  readonly fd: number;
  /** Reads or writes; returns the number of times that bytes were handed on. */
  onReady(readiness: number): number;
}

/** A stream with texts to send. */
export interface FlushedStream {
  flush(): void;
}

export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 16;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_MOD = 3;
const EPOLL_CLOEXEC = 0o2000000;
const EFD_NONBLOCK_CLOEXEC = 0o2004000;

/** `struct epoll_event` is 32 bits of events and 64 of data, without a gap on x86 alone. */
const EVENT_WORDS = Deno.build.arch === "x86_64" ? 3 : 4;
const DATA_WORD = EVENT_WORDS - 2;
/** Sockets that one call returns. */
const MAX_EVENTS = 256;
/** Longest time to read without a pause, so that a flood leaves time for others. */
const MAX_DRAIN_MS = 10;

let shared: StreamPoller | undefined;

/** Resolves when nothing waits for sockets any more, at once if there still are some. */
export async function pollerEnded(): Promise<void> {
  await shared?.ended();
}

/** Returns the poller of this process, a new one when the last has ended. */
export function sharedPoller(libc: Libc): StreamPoller {
  if (shared === undefined || shared.isEnded) {
    shared = new StreamPoller(libc);
    shared.start();
  }
  return shared;
}

/**
 * All connections as one socket of the receive loop. While traffic is low, `epoll_wait` waits in a thread of the runtime's
 * pool, since nothing else in the runtime waits for a descriptor. The poller ends with its last socket.
 */
export class StreamPoller implements DrainedSocket {
  readonly libc: Libc;
  readonly buffers: StreamBuffers;
  readonly #epoll: number;
  /** Ends the wait of the other thread. */
  readonly #waker: number;
  readonly #sockets = new Map<number, PolledSocket>();
  readonly #events = new Int32Array(MAX_EVENTS * EVENT_WORDS);
  readonly #eventBytes = new Uint8Array(this.#events.buffer);
  readonly #request = new Int32Array(EVENT_WORDS);
  readonly #requestBytes = new Uint8Array(this.#request.buffer);
  /** Written by another thread, so in memory that V8 does not move. */
  readonly #awaited = new Uint8Array(new ArrayBuffer(EVENT_WORDS * 4));
  #unflushed: FlushedStream[] = [];
  #isFlushScheduled = false;
  /** Descriptors of sockets that ended while events were handled, whose numbers must not be used again meanwhile. */
  #unclosed: number[] = [];
  #isDraining = false;
  #waiting: Promise<unknown> | undefined;
  #isWoken = false;
  #loop: Promise<void> | undefined;
  isEnded = false;

  constructor(libc: Libc) {
    this.libc = libc;
    this.buffers = new StreamBuffers(libc);
    this.#epoll = libc.epoll_create1(EPOLL_CLOEXEC);
    this.#waker = libc.eventfd(0, EFD_NONBLOCK_CLOEXEC);
    this.#control(EPOLL_CTL_ADD, this.#waker, EPOLLIN);
  }

  /** Joins the receive loop. */
  start(): void {
    this.#loop = sharedReceiveLoop(this.libc).serve(this);
  }

  /** Begins to wait for a socket, in place of one with its descriptor. Returns false when the system has no room. */
  add(socket: PolledSocket, awaited: number): boolean {
    const operation = this.#sockets.has(socket.fd) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    this.#sockets.set(socket.fd, socket);
    return this.#control(operation, socket.fd, awaited) === 0;
  }

  /** Waits for something else. */
  change({ fd }: PolledSocket, awaited: number): void {
    this.#control(EPOLL_CTL_MOD, fd, awaited);
  }

  /** Closes a socket, and so forgets it. */
  close({ fd }: PolledSocket): void {
    this.#sockets.delete(fd);
    if (this.#isDraining) this.#unclosed.push(fd);
    else this.libc.close(fd);
    if (this.#sockets.size === 0) this.#end();
  }

  /** Resolves when the poller has left the receive loop, at once if it still has sockets. */
  async ended(): Promise<void> {
    if (this.isEnded) await this.#loop;
  }

  /** Flushes a stream with all others of this turn. */
  flushSoon(stream: FlushedStream): void {
    this.#unflushed.push(stream);
    if (this.#isDraining || this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => this.flush());
  }

  async wait(): Promise<boolean> {
    if (this.isEnded) return false;
    this.#waiting = this.libc.awaitEpoll(this.#epoll, this.#awaited, 1, -1);
    await this.#waiting;
    this.#waiting = undefined;
    this.#isWoken = true;
    if (this.isEnded) this.#closeOwn();
    return !this.isEnded;
  }

  drain(): number {
    let total = 0;
    const end = systemClock.now() + MAX_DRAIN_MS;
    this.#isDraining = true;
    try {
      for (let count = MAX_EVENTS; !this.isEnded && count === MAX_EVENTS && systemClock.now() < end;) {
        count = this.libc.epoll_wait(this.#epoll, this.#eventBytes, MAX_EVENTS, 0);
        for (let i = 0; i < count; i++) {
          const fd = this.#events[i * EVENT_WORDS + DATA_WORD];
          total += this.#sockets.get(fd)?.onReady(this.#events[i * EVENT_WORDS]) ?? 0;
        }
      }
    } finally {
      this.#isDraining = false;
      if (this.#unclosed.length > 0) this.#closeAll();
    }
    // The loop counts what it has waited for by itself.
    if (this.#isWoken && total > 0) total--;
    this.#isWoken = false;
    return total;
  }

  flush(): void {
    this.#isFlushScheduled = false;
    // What is written while others are flushed is flushed as well.
    while (this.#unflushed.length > 0) {
      const streams = this.#unflushed;
      this.#unflushed = [];
      for (const stream of streams) stream.flush();
    }
  }

  #closeAll(): void {
    for (const fd of this.#unclosed) this.libc.close(fd);
    this.#unclosed = [];
  }

  #end(): void {
    this.isEnded = true;
    if (this.#waiting) this.libc.eventfd_write(this.#waker, 1n);
    else this.#closeOwn();
  }

  #closeOwn(): void {
    this.libc.close(this.#epoll);
    this.libc.close(this.#waker);
  }

  #control(operation: number, fd: number, awaited: number): number {
    this.#request[0] = awaited;
    this.#request[DATA_WORD] = fd;
    return this.libc.epoll_ctl(this.#epoll, operation, fd, this.#requestBytes);
  }
}
