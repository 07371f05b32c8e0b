/** The client as a process: its streams and exit status. */
import assert from "node:assert/strict";
import { agentDocument } from "../../../support/resources.ts";
import { TemporaryFolder } from "../../data/temporary_folder.ts";
import { enveloped, FakeService } from "./fake_service.ts";

const MAIN = new URL("../../../../main.ts", import.meta.url).pathname;

Deno.test("create reads the standard input, and returns an exit status", async () => {
  await using service = new FakeService({
    "POST /agents": ({ body }) =>
      (body as { metadata: { name: string } }).metadata.name === "Agent 1001"
        ? enveloped(201, "Created", "ag1")
        : enveloped(409, "Entity already exist"),
  });
  await using home = await TemporaryFolder.of({});
  const create = async (username: string) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", MAIN, "crea", "-f", "-"],
      env: { HOME: home.path, ROUTR_URL: service.apiUrl, ROUTR_TOKEN: "t", DENO_DIR: denoFolder() },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(agentDocument(username))));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out, err };
  };
  assert.deepEqual(await create("1001"), { code: 0, out: "agent/ag1 created\n", err: "" });
  assert.deepEqual(await create("1002"), { code: 1, out: "", err: "routr: Entity already exist\n" });
});

/** Returns the module cache, which otherwise depends on the home folder. */
function denoFolder(): string {
  return Deno.env.get("DENO_DIR") ??
    `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;
}
