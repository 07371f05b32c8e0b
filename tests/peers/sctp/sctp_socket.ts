// One-to-one SCTP sockets (RFC 6458 §4) by raw system calls, for far ends that share no code with the server.

const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
}).symbols;

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_NONBLOCK = 1 | 0o4000;
const IPPROTO_SCTP = 132;
const SCTP_NODELAY = 3;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
const POLLIN = 1;
const POLLOUT = 4;
const POLLRDHUP = 0x2000;
const MSG_DONTWAIT_NOSIGNAL = 0x4040;
const BACKLOG = 100;
/** Milliseconds between two looks at a socket that is not ready. */
const LOOK_INTERVAL = 2;

/** The address and port of a socket; `address` without brackets. */
export interface SocketPlace {
  readonly address: string;
  readonly port: number;
}

/** A listening, connecting or connected socket. Waiting ends when it is closed. */
export class SctpSocket {
  readonly #descriptor: number;
  #isClosed = false;
  /** The association is gone, of which the system tells only once. */
  #isOver = false;

  private constructor(descriptor: number) {
    if (descriptor < 0) throw new Error("Cannot make an SCTP socket");
    this.#descriptor = descriptor;
    libc.setsockopt(descriptor, IPPROTO_SCTP, SCTP_NODELAY, new Int32Array([1]), 4);
  }

  static listen(address: string): SctpSocket {
    const socket = SctpSocket.#create(address);
    const place = sockaddrOf({ address, port: 0 });
    if (
      libc.bind(socket.#descriptor, place, place.length) < 0 || libc.listen(socket.#descriptor, BACKLOG) < 0
    ) {
      socket.close();
      throw new Error(`Cannot listen on ${address}`);
    }
    return socket;
  }

  static async connect(to: SocketPlace): Promise<SctpSocket> {
    const socket = SctpSocket.#create(to.address);
    const place = sockaddrOf(to);
    // Always -1 here: it goes on in the background.
    libc.connect(socket.#descriptor, place, place.length);
    await socket.#ready(POLLOUT);
    const error = socket.#error();
    if (error === 0) return socket;
    socket.close();
    throw new Error(`Cannot connect to ${to.address} port ${to.port}: error ${error}`);
  }

  static #create(address: string): SctpSocket {
    const family = address.includes(":") ? AF_INET6 : AF_INET;
    return new SctpSocket(libc.socket(family, SOCK_STREAM_NONBLOCK, IPPROTO_SCTP));
  }

  get local(): SocketPlace {
    const sockaddr = new Uint8Array(28);
    libc.getsockname(this.#descriptor, sockaddr, new Uint32Array([sockaddr.length]));
    return placeOf(sockaddr);
  }

  async accept(): Promise<SctpSocket> {
    await this.#ready(POLLIN);
    if (this.#isClosed) throw new Error("The socket is closed");
    return new SctpSocket(libc.accept(this.#descriptor, null, null));
  }

  /** Sends one message. Throws when the association is gone. */
  async send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let wasWritable = false; !this.#trySend(bytes); wasWritable = true) {
      if (wasWritable) this.#isOver = true;
      if (this.#isOver) throw new Error("The association is gone");
      await this.#ready(POLLOUT);
    }
  }

  /** The next message, or the part of it that `buffer` holds; undefined when the association has ended, however it did. */
  async receive(buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array | undefined> {
    await this.#ready(POLLIN);
    if (this.#isClosed) return undefined;
    // What came before the end can still be read.
    const count = Number(
      libc.recv(this.#descriptor, buffer, BigInt(buffer.length), MSG_DONTWAIT_NOSIGNAL),
    );
    if (count > 0) return buffer.subarray(0, count);
    this.#isOver = true;
    return undefined;
  }

  /** Ends the association in good order, or by an ABORT when something was not read. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isOver = true;
    libc.close(this.#descriptor);
  }

  /** Ends the association by an ABORT, as the system of a program that crashed may do. */
  abort(): void {
    libc.setsockopt(this.#descriptor, SOL_SOCKET, SO_LINGER, new Int32Array([1, 0]), 8);
    this.close();
  }

  /** Resolves when the event or an error is there, or the socket is closed. */
  async #ready(event: number): Promise<void> {
    while (!this.#isOver && this.#events(event) === 0) await look();
  }

  /** Returns the events that have come; errors are always among them. */
  #events(wanted: number): number {
    const request = new Int32Array([this.#descriptor, wanted | POLLRDHUP]);
    return libc.poll(new Uint8Array(request.buffer), 1n, 0) > 0 ? request[1] >>> 16 : 0;
  }

  #trySend(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#isClosed) return false;
    return libc.send(this.#descriptor, bytes, BigInt(bytes.length), MSG_DONTWAIT_NOSIGNAL) >= 0;
  }

  #error(): number {
    const error = new Int32Array(1);
    libc.getsockopt(this.#descriptor, SOL_SOCKET, SO_ERROR, error, new Uint32Array([4]));
    return error[0];
  }
}

function look(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
}

/** `struct sockaddr_in` or `sockaddr_in6`. The only IPv6 addresses that occur are `::` and `::1`. */
function sockaddrOf({ address, port }: SocketPlace): Uint8Array<ArrayBuffer> {
  if (address.includes(":")) {
    const sockaddr = new Uint8Array(28);
    sockaddr.set([AF_INET6, 0, port >> 8, port & 255]);
    sockaddr[23] = address.endsWith("1") ? 1 : 0;
    return sockaddr;
  }
  const sockaddr = new Uint8Array(16);
  sockaddr.set([AF_INET, 0, port >> 8, port & 255, ...address.split(".").map(Number)]);
  return sockaddr;
}

function placeOf(sockaddr: Uint8Array): SocketPlace {
  const port = sockaddr[2] << 8 | sockaddr[3];
  if (sockaddr[0] === AF_INET) return { address: sockaddr.subarray(4, 8).join("."), port };
  return { address: sockaddr[23] === 1 ? "::1" : "::", port };
}
