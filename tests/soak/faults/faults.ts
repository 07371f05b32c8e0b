/** The faults, in the order of `FAULT_NAMES`. What a fault does not excuse has to work while it lasts. */
import { pause } from "../../support/pause.ts";
import type { SoakPart } from "../soak_part.ts";
import type { Fault, FaultName } from "./fault.ts";

/** How long phones may take to be back after a fault. */
const BACK_MS = 180_000;
/** How many connections are cut at a time. */
const MAX_CUT = 6;
const EDIT_PAUSE_MS = 500;

/** Power cut: everything may fail until the server is ready and the phones have connected again. */
const kill: Fault = {
  name: "kill",
  graceMs: 5_000,
  excuses: () => true,
  async run({ part, holdMs }) {
    await part.server.kill();
    await pause(Math.min(holdMs, 3_000));
    await part.server.start();
    await untilBack(part);
  },
};

const reload: Fault = {
  name: "reload",
  graceMs: 0,
  excuses: () => false,
  async run({ part, holdMs }) {
    for (let left = holdMs; left > 0; left -= EDIT_PAUSE_MS) {
      part.server.signal("SIGHUP");
      await pause(EDIT_PAUSE_MS);
    }
  },
};

/** The file of the agents, or their document in Redis, is written again and again. */
const edit: Fault = {
  name: "edit",
  graceMs: 0,
  excuses: () => false,
  async run({ part, random, holdMs }) {
    for (let left = holdMs; left > 0; left -= EDIT_PAUSE_MS) {
      await part.editAgents(`edited-${random.below(1e6)}`);
      await pause(EDIT_PAUSE_MS);
    }
  },
};

/** Calls are served from memory while Redis is away. */
const redis: Fault = {
  name: "redis",
  graceMs: 0,
  excuses: () => false,
  async run({ part, holdMs }) {
    await part.redis!.kill();
    await pause(holdMs);
    await part.redis!.restart();
  },
};

/** What was known before is used on, and asked for no longer than two seconds. */
const dns: Fault = {
  name: "dns",
  graceMs: 0,
  excuses: () => false,
  async run({ part, holdMs }) {
    part.names.isSilent = true;
    await pause(holdMs);
    part.names.isSilent = false;
  },
};

/** Calls by the gateways fail while they are away, and while requests to them are being given up. */
const gateway: Fault = {
  name: "gateway",
  graceMs: 35_000,
  excuses: ({ gateway }) => gateway !== undefined,
  async run({ part, holdMs }) {
    for (const provider of part.providers) provider.hush();
    await pause(holdMs);
    for (const provider of part.providers) provider.listen();
  },
};

/** Nothing of a call needs the disk. */
const disk: Fault = {
  name: "disk",
  graceMs: 0,
  excuses: () => false,
  async run({ part, holdMs }) {
    await part.disk!.fill();
    await pause(holdMs);
    await part.disk!.empty();
  },
};

/** Calls and messages of the phones whose connections are reset may fail, those of others may not. */
const cut: Fault = {
  name: "cut",
  graceMs: 5_000,
  excuses: ({ phones }, users) => phones.some((user) => users.has(user)),
  async run({ part, random, users }) {
    const connected = part.phones.filter(({ options, isOnline }) => options.protocol !== "udp" && isOnline);
    const chosen = random.some(connected, 1).slice(0, MAX_CUT);
    for (const phone of chosen) users.add(phone.user);
    for (const phone of chosen) phone.cut();
    await untilBack(part);
  },
};

export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  kill,
  reload,
  edit,
  redis,
  dns,
  gateway,
  disk,
  cut,
};

async function untilBack(part: SoakPart): Promise<void> {
  const deadline = performance.now() + BACK_MS;
  while (!part.phones.every(({ isOnline, isAway }) => isOnline || isAway)) {
    if (performance.now() > deadline) {
      const missing = part.phones.filter(({ isOnline }) => !isOnline).map(({ user }) => user);
      part.complaints.push(`Phones are not back ${BACK_MS / 1000} s after a fault: ${missing.join(", ")}`);
      return;
    }
    await pause(100);
  }
}
