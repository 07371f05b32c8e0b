/** The tour of the REST service in README.md, run line by line on a server made by `routr init`. */
import assert from "node:assert/strict";
import { freePort } from "./ports.ts";
import type { RunningProcess } from "./process.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;
const SECTION = "## The REST service";
const lineWithin = 60_000;

/** The output of a line, and its exit code if not 0. */
interface Outcome {
  readonly output: RegExp;
  readonly code?: number;
}

const prints = (output: RegExp): Outcome => ({ output });
const done = prints(/"status":"?200"?,/);
const nothing = prints(/^$/);

/** Outcomes in the order of the lines. */
const OUTCOMES: readonly (readonly [start: string, outcome: Outcome])[] = [
  ["API=", nothing],
  ["SECRET=", nothing],
  ["TOKEN=", nothing],
  ["api()", nothing],
  ["api $API/agents ", prints(/"username":"1001".*"totalItems":2/)],
  ["api -G $API/agents", prints(/"totalItems":1\b/)],
  ["api $API/agents --json", prints(/^\{"status":201,.*"data":"ann"/)],
  ["api $API/agents/ann", prints(/"username":"1003"/)],
  ["api $API/agents/ann -X PUT", done],
  ["api $API/agents/ann -X DELETE", done],
  ["printf", nothing],
  ["api $API/agents -F", prints(/"message":"done","data":\["[^"]+","[^"]+"\]/)],
  ["api $API/location/1001@sip.local --json", prints(/Added location entry/)],
  ["api $API/location ", prints(/"addressOfRecord":"sip:1001@sip\.local".*127\.0\.0\.1/)],
  ["api $API/location/1001@sip.local -X DELETE", prints(/Location entry evicted/)],
  ["api $API/registry", prints(/"data":\[\]/)],
  ["api $API/bans", prints(/"data":\[\]/)],
  ["api $API/why/1001", prints(/"what":"1001","kind":"account"/)],
  ["api $API/calls ", prints(/"data":\[\]/)],
  ['api "$API/calls?ended=true"', prints(/"data":\[\]/)],
  ["api $API/system/status", prints(/"status":"Up"/)],
  ["api $API/system/info", prints(/"version":"v\d+\.\d+\.\d+"/)],
  ['api "$API/system/config?full=true"', prints(/"useToAsAOR":false/)],
  ["api $API/system/config -X PUT", prints(/"traceLevel":"?5"?/)],
  ['api "$API/system/logs?format=text"', prints(/Ready\n/)],
  // The exit code of curl after its time limit.
  ["api -N --max-time 3", { output: /^retry: \d+\nid: \S+\n/, code: 28 }],
  ["api https://127.0.0.1:", prints(/^routr_calls_total 0$/m)],
  ["ROUTR_SECRET=", prints(/Logged in to https:.* as admin/)],
  ["routr get agents", prints(/1001[\s\S]*2002/)],
  ["routr apply -f more.yaml --dry-run", prints(/would be changed\n.* would be changed/)],
  ["routr apply", prints(/changed\n.* changed/)],
  ["routr help apply", prints(/^Usage: routr apply/)],
  ["source", nothing],
  ["api -X POST $API/system/status/down", prints(/Request sent to server/)],
];

/** The routr of the tour. */
export interface TourOptions {
  /** Starts it with these arguments. */
  start(args: readonly string[]): RunningProcess;
  /** The quoted command for `routr` in the shell. */
  readonly command: string;
}

/** Runs the tour. Rejects when a line has another outcome. */
export async function walkTour({ start, command }: TourOptions): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "routr-tour-" });
  try {
    const ports = { rest: freePort(), sip: freePort() };
    await makeConfiguration(start, `${folder}/config`, ports);
    await using server = start(["--config", `${folder}/config`]);
    await server.waitForLine(/\bReady\b/, 30_000);
    const lines = (await tourOf("README.md")).map((line) => line.replaceAll("4567", String(ports.rest)));
    assert.equal(lines.length, OUTCOMES.length, lines.join("\n"));
    await using shell = new Shell(folder, command);
    for (const [i, line] of lines.entries()) {
      const [beginning, { output, code = 0 }] = OUTCOMES[i];
      assert.ok(line.startsWith(beginning), `${line}\nshould begin with ${beginning}`);
      const result = await shell.run(line);
      assert.match(result.output, output, `${line}\n${result.output}`);
      assert.equal(result.code, code, `${line}\n${result.output}`);
    }
    assert.equal(await server.exitCode(lineWithin), 0, server.output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns the shell lines of the section. */
async function tourOf(path: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(`${projectRoot}${path}`);
  const section = text.slice(text.indexOf(`\n${SECTION}\n`)).split(/\n## /)[1];
  const blocks = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)];
  return blocks.flatMap(([, block]) => block.split("\n")).filter((line) => line !== "");
}

async function makeConfiguration(
  start: TourOptions["start"],
  folder: string,
  { rest, sip }: { rest: number; sip: number },
): Promise<void> {
  await using init = start(["init", folder]);
  assert.equal(await init.exitCode(30_000), 0, init.output);
  const path = `${folder}/config.yaml`;
  const text = await Deno.readTextFile(path);
  const changed = text
    .replaceAll("port: 5060", `port: ${sip}`)
    .replace("port: 4567", `port: ${rest}\n    bindAddr: 127.0.0.1`)
    .replace("bindAddr: 0.0.0.0", "bindAddr: 127.0.0.1");
  await Deno.writeTextFile(path, changed);
}

/** A shell that keeps its variables from line to line. */
class Shell implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(folder: string, command: string) {
    this.#child = new Deno.Command("bash", {
      cwd: folder,
      // The client keeps its login in the home folder.
      env: { HOME: folder, DENO_DIR: denoFolder() },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    void this.#writer.write(new TextEncoder().encode(`exec 2>&1; routr() { ${command} "$@"; }\n`));
  }

  async run(line: string): Promise<{ output: string; code: number }> {
    const end = `--end-of-${crypto.randomUUID()}--`;
    // A line must not read the input of the shell.
    await this.#writer.write(new TextEncoder().encode(`{ ${line}\n} < /dev/null; echo "${end}$?"\n`));
    const deadline = AbortSignal.timeout(lineWithin);
    for (;;) {
      const [output, code] = this.#text.split(end);
      if (code?.endsWith("\n")) {
        this.#text = "";
        return { output, code: Number(code) };
      }
      if (deadline.aborted) assert.fail(`${line}\nhas not ended: ${this.#text}`);
      const { value = "", done } = await this.#reader.read();
      assert.ok(!done, `${line}\nhas ended the shell: ${this.#text}`);
      this.#text += value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#child.status;
  }
}

/** Returns the module cache of this process, since the shell has another home folder. */
function denoFolder(): string {
  return Deno.env.get("DENO_DIR") ??
    `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;
}
