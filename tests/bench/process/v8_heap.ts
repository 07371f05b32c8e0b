// The live heap of a Deno process started with `--inspect`, over the Chrome DevTools protocol.

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize?: number;
  readonly backingStorageSize?: number;
}

/** Bytes in use after a full garbage collection: JavaScript objects, embedder objects and array buffers. */
export async function liveHeapBytes(inspectorPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${inspectorPort}/json/list`);
  const [target] = await response.json() as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  try {
    await call(socket, "HeapProfiler.enable");
    await call(socket, "HeapProfiler.collectGarbage");
    await call(socket, "HeapProfiler.collectGarbage"); // the first one frees what finalizers held
    const usage = await call(socket, "Runtime.getHeapUsage") as HeapUsage;
    return usage.usedSize + (usage.embedderHeapUsedSize ?? 0) + (usage.backingStorageSize ?? 0);
  } finally {
    socket.close();
  }
}

let lastId = 0;

function call(socket: WebSocket, method: string): Promise<unknown> {
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    socket.addEventListener("message", function receive(event) {
      const message = JSON.parse(event.data);
      if (message.id !== id) return;
      socket.removeEventListener("message", receive);
      if (message.error) reject(new Error(`Cannot call "${method}": ${message.error.message}`));
      else resolve(message.result);
    });
    socket.send(JSON.stringify({ id, method }));
  });
}
