/** Serves the page of the phones on a free port of 127.0.0.1, an address from where pages may use the microphone. */
import { runProcess } from "../support/process.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;
const bundleWithin = 60_000;
const html =
  `<!doctype html><meta charset="utf-8"><title>Phone</title><script type="module" src="/page.js"></script>`;

export class PageServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(script: string) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/") return new Response(html, { headers: { "content-type": "text/html" } });
      if (pathname !== "/page.js") return new Response(null, { status: 404 });
      return new Response(script, { headers: { "content-type": "text/javascript" } });
    });
  }

  /** The address of the page without its query. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Makes one script of the page and the libraries that it uses, and serves it. */
export async function startPageServer(): Promise<PageServer> {
  const directory = await Deno.makeTempDir({ prefix: "page-" });
  try {
    const script = `${directory}/page.js`;
    const { code, output } = await runProcess(Deno.execPath(), {
      args: [
        ...["bundle", "--quiet", "--config", "tests/browser/deno.json", "--platform", "browser"],
        ...["--output", script, "tests/browser/page.ts"],
      ],
      cwd: projectRoot,
      lifetime: bundleWithin,
    });
    if (code !== 0) throw new Error(`Cannot bundle the page:\n${output}`);
    return new PageServer(await Deno.readTextFile(script));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
