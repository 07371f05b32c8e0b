/** System calls of libc that the runtime does not offer; the only `Deno.dlopen` of the project. */

const symbols = {
  /** int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) */
  recvmmsg: { parameters: ["i32", "buffer", "u32", "i32", "pointer"], result: "i32" },
  /** int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) */
  sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  /** ssize_t recvmsg(int fd, struct msghdr *message, int flags) */
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** int getsockname(int fd, struct sockaddr *address, socklen_t *length) */
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** int getsockopt(int fd, int level, int option, void *value, socklen_t *length) */
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  /** int setsockopt(int fd, int level, int option, const void *value, socklen_t length) */
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  /** int poll(struct pollfd *descriptors, nfds_t count, int milliseconds) */
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  /** int usleep(useconds_t microseconds) */
  usleep: { parameters: ["u32"], result: "i32" },
  /** int socket(int domain, int type, int protocol) */
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** int bind(int fd, const struct sockaddr *address, socklen_t length) */
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** int connect(int fd, const struct sockaddr *address, socklen_t length) */
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** int listen(int fd, int backlog) */
  listen: { parameters: ["i32", "i32"], result: "i32" },
  /** int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) */
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  /** ssize_t sendmsg(int fd, const struct msghdr *message, int flags) */
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** int shutdown(int fd, int how) */
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  /** int epoll_create1(int flags) */
  epoll_create1: { parameters: ["i32"], result: "i32" },
  /** int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) */
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  /** int epoll_wait(int epoll, struct epoll_event *events, int count, int milliseconds) */
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  /** The same in another thread. */
  awaitEpoll: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  /** int eventfd(unsigned count, int flags) */
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  /** int eventfd_write(int fd, eventfd_t value) */
  eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
  /** int getrlimit(int resource, struct rlimit *limit) */
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  /** int close(int fd) */
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** The calls of `symbols`, typed. */
export type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];

let libc: Libc | undefined;

/** Opens libc. Throws when this is not Linux, FFI is not permitted, or libc is neither glibc nor musl. */
export function openLibc(): Libc {
  if (libc) return libc;
  if (Deno.build.os !== "linux") throw new Deno.errors.NotSupported("Cannot open libc: this is not Linux");
  let failure: unknown;
  for (const name of ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`]) {
    try {
      return libc = Deno.dlopen(name, symbols).symbols;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Returns the memory address of bytes, for the structures that point to them. The bytes must outlive the structure. */
export function pointerTo(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}

const RLIMIT_NOFILE = 7;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ERROR = 4;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOCK_DGRAM = 2;
const MAX_DESCRIPTOR = 4096;

/** Returns the descriptor of the UDP socket that is bound to `port` at a matching address; -1 for none. */
export function findDatagramSocket(port: number, matches: (sockaddr: Uint8Array) => boolean): number {
  const { getsockname, getsockopt } = openLibc();
  const sockaddr = new Uint8Array(28);
  const length = new Uint32Array(1);
  const type = new Int32Array(1);
  for (let fd = 3; fd < MAX_DESCRIPTOR; fd++) {
    length[0] = sockaddr.length;
    if (getsockname(fd, sockaddr, length) !== 0) continue;
    if ((sockaddr[2] << 8 | sockaddr[3]) !== port || !matches(sockaddr)) continue;
    length[0] = 4;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, type, length) === 0 && type[0] === SOCK_DGRAM) return fd;
  }
  return -1;
}

/** Sets both socket buffers; without CAP_NET_ADMIN the kernel grants `net.core.rmem_max` at most. */
export function setSocketBuffers(fd: number, bytes: number): void {
  const { setsockopt } = openLibc();
  const value = new Int32Array([bytes]);
  for (const option of [SO_RCVBUF, SO_RCVBUFFORCE, SO_SNDBUF, SO_SNDBUFFORCE]) {
    setsockopt(fd, SOL_SOCKET, option, value, 4);
  }
}

/** Returns the pending error of a socket, 0 for none. */
export function pendingError(fd: number): number {
  const value = new Int32Array(1);
  openLibc().getsockopt(fd, SOL_SOCKET, SO_ERROR, value, new Uint32Array([4]));
  return value[0];
}

/** Errors of connections. */
const ERROR_NAMES: Readonly<Record<number, string>> = {
  32: "EPIPE",
  101: "ENETUNREACH",
  104: "ECONNRESET",
  110: "ETIMEDOUT",
  111: "ECONNREFUSED",
  113: "EHOSTUNREACH",
};

/** Returns the name of an error number. */
export function errorName(error: number): string {
  return ERROR_NAMES[error] ?? `error ${error}`;
}

/** Returns how many files and sockets this process may have open; Infinity when unknown. */
export function maxOpenFiles(): number {
  const limit = new BigUint64Array(2);
  try {
    if (openLibc().getrlimit(RLIMIT_NOFILE, new Uint8Array(limit.buffer)) !== 0) return Infinity;
  } catch {
    return Infinity; // No libc here.
  }
  return Number(limit[0]);
}
