/** The tour of the REST service in README.md with the server and the client from source, as `deno task start` runs them. */
import { startProcess } from "../support/process.ts";
import { walkTour } from "../support/readme_tour.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;

Deno.test("README: each line of the tour of the REST service does what it says", async () => {
  await walkTour({
    start: (args) =>
      startProcess(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", "--permission-set=start", `${projectRoot}main.ts`, ...args],
        cwd: projectRoot,
        env: { NO_COLOR: "1" },
      }),
    // In the folder of the tour, not of the project.
    command:
      `'${Deno.execPath()}' run --quiet --no-prompt --permission-set=start --config '${projectRoot}deno.json' ` +
      `'${projectRoot}main.ts'`,
  });
});
