// The heap of a Deno process started with `--inspect`, over the Chrome DevTools protocol.

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize?: number;
  readonly backingStorageSize?: number;
}

interface ProfileNode {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

/** What one function has allocated itself. */
export interface Allocation {
  /** `parse message/sip_uri.ts:42`. */
  readonly place: string;
  readonly bytes: number;
}

/** Mean bytes between two samples of allocations. */
const SAMPLING_INTERVAL = 4096;

/** Bytes in use after a full garbage collection: JavaScript objects, embedder objects and array buffers. */
export async function liveHeapBytes(inspectorPort: number): Promise<number> {
  return await withInspector(inspectorPort, async (call) => {
    await call("HeapProfiler.enable");
    await call("HeapProfiler.collectGarbage");
    await call("HeapProfiler.collectGarbage"); // the first one frees what finalizers held
    const usage = await call("Runtime.getHeapUsage") as HeapUsage;
    return usage.usedSize + (usage.embedderHeapUsedSize ?? 0) + (usage.backingStorageSize ?? 0);
  });
}

/** Samples what the main thread allocates meanwhile, collected or not. */
export async function sampleAllocations(
  inspectorPort: number,
  meanwhile: () => Promise<void>,
): Promise<ProfileNode> {
  return await withInspector(inspectorPort, async (call) => {
    await call("HeapProfiler.enable");
    await call("HeapProfiler.startSampling", {
      samplingInterval: SAMPLING_INTERVAL,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await meanwhile();
    const { profile } = await call("HeapProfiler.stopSampling") as { profile: { head: ProfileNode } };
    return profile.head;
  });
}

/** The allocations of a profile by function, the largest first. */
export function allocationsOf(head: ProfileNode): readonly Allocation[] {
  const bytes = new Map<string, number>();
  const add = ({ callFrame: { functionName, url, lineNumber }, selfSize, children }: ProfileNode): void => {
    const file = url.split("/").slice(-2).join("/");
    const place = `${functionName || "(anonymous)"} ${file}:${lineNumber + 1}`;
    bytes.set(place, (bytes.get(place) ?? 0) + selfSize);
    children.forEach(add);
  };
  add(head);
  return [...bytes].map(([place, bytes]) => ({ place, bytes })).sort((a, b) => b.bytes - a.bytes);
}

type Call = (method: string, params?: Record<string, unknown>) => Promise<unknown>;

async function withInspector<T>(port: number, use: (call: Call) => Promise<T>): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/json/list`);
  const [target] = await response.json() as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  try {
    return await use((method, params) => callOver(socket, method, params));
  } finally {
    socket.close();
  }
}

let lastId = 0;

function callOver(socket: WebSocket, method: string, params?: Record<string, unknown>): Promise<unknown> {
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    socket.addEventListener("message", function receive(event) {
      const message = JSON.parse(event.data);
      if (message.id !== id) return;
      socket.removeEventListener("message", receive);
      if (message.error) reject(new Error(`Cannot call "${method}": ${message.error.message}`));
      else resolve(message.result);
    });
    socket.send(JSON.stringify({ id, method, params }));
  });
}
