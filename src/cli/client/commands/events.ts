/** `routr events`: prints events as they happen, and resumes after a lost connection. */
import { sleep } from "../../../runtime/clock.ts";
import { ApiError } from "../client_error.ts";
import type { CommandContext } from "../command_context.ts";
import { readEvents, type SentEvent } from "../event_stream_reader.ts";
import { printed } from "../printed.ts";
import { printable } from "../table.ts";
import { isMapping } from "../../../runtime/mapping.ts";

/** The delay between attempts to reconnect. */
const MIN_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 30_000;

/** Prints events until the service refuses. Tests replace `pause`. */
export async function events(
  context: CommandContext,
  pause: (delayMs: number) => Promise<void> = sleep,
): Promise<void> {
  const { client, command: { options }, terminal } = context;
  let lastEventId: string | undefined;
  let wait = MIN_PAUSE_MS;
  let isConnected = false;
  while (true) {
    try {
      const headers = { accept: "text/event-stream", ...lastEventId && { "last-event-id": lastEventId } };
      const stream = await client.stream("/events", { query: { types: options.types }, headers });
      [isConnected, wait] = [true, MIN_PAUSE_MS];
      for await (const event of readEvents(stream)) {
        lastEventId = event.id ?? lastEventId;
        terminal.print(await lineOf(event, context));
      }
    } catch (error) {
      // A refusal is final, and so is a failure of the first attempt.
      if (error instanceof ApiError || !isConnected) throw error;
    }
    terminal.warn(`The connection was lost, trying again in ${wait / 1000} s`);
    await pause(wait);
    wait = Math.min(wait * 2, MAX_PAUSE_MS);
  }
}

/** Returns JSON Lines for scripts, else `2026-01-31T12:00:00.000Z call.ended from=… to=… reason="Busy Here"`. */
async function lineOf(
  { id, type, data }: SentEvent,
  { command: { output } }: CommandContext,
): Promise<string> {
  const { time, data: about } = eventIn(data);
  if (output === "json") return printable(JSON.stringify({ id, type, time, data: about }));
  if (output === "yaml") return `---\n${await printed({ id, type, time, data: about }, output)}`;
  const facts = Object.entries(about)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name}=${isWord(value) ? value : JSON.stringify(value)}`);
  const words = time === undefined ? [type, ...facts] : [time, type, ...facts];
  return printable(words.join(" ")).replaceAll("\n", " ");
}

/** Reports whether a text needs no quotes. */
function isWord(value: unknown): value is string {
  return typeof value === "string" && !/[\s"]/.test(value);
}

/** Reads `{id, time, type, data}`, and converts the time to ISO 8601. */
function eventIn(text: string): { time: string | undefined; data: Readonly<Record<string, unknown>> } {
  const value = parsed(text);
  const { time, data } = value;
  if (typeof time !== "number" || !isMapping(data)) return { time: undefined, data: value };
  return { time: new Date(time).toISOString(), data };
}

function parsed(data: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(data);
    return isMapping(value) ? value : { value };
  } catch {
    return { value: data };
  }
}
