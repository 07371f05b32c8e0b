/** A headless Chromium: a process of its own, steered by Puppeteer, with tabs that hold phones. */
import { createHash, X509Certificate } from "node:crypto";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { type RunningProcess, startProcess } from "../support/process.ts";

const startWithin = 20_000;
const answerWithin = 10_000;
const lifetime = 180_000;

export interface ChromiumOptions {
  /** Certificate of the one server that it trusts, in PEM; issuers may follow. */
  readonly trusted: string;
}

/** Starts it with an empty profile. It has a microphone that hums, and reaches nothing but 127.0.0.1. */
export async function startChromium({ trusted }: ChromiumOptions): Promise<Chromium> {
  const home = await Deno.makeTempDir({ prefix: "chromium-" });
  const child = startProcess("chromium", {
    args: [
      "--headless",
      // Its sandbox needs rights that few test machines give; the only page that it sees is ours.
      "--no-sandbox",
      `--user-data-dir=${home}/profile`,
      "--remote-debugging-port=0",
      "--no-first-run",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--disable-component-update",
      // Tabs behind others keep their timers.
      "--disable-background-timer-throttling",
      "--disable-renderer-backgrounding",
      "--disable-backgrounding-occluded-windows",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      `--ignore-certificate-errors-spki-list=${keyDigest(trusted)}`,
      "about:blank",
    ],
    env: { HOME: home, TMPDIR: home, XDG_RUNTIME_DIR: home },
    lifetime,
  });
  try {
    const line = await child.waitForLine(/^DevTools listening on ws:/, startWithin);
    const browserWSEndpoint = line.replace("DevTools listening on ", "").trim();
    const browser = await puppeteer.connect({ browserWSEndpoint, protocolTimeout: answerWithin });
    return new Chromium(browser, { child, home });
  } catch (error) {
    await child.stop();
    await removeFolder(home);
    throw error;
  }
}

export class Chromium implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #child: RunningProcess;
  readonly #home: string;

  constructor(browser: Browser, { child, home }: { child: RunningProcess; home: string }) {
    this.#browser = browser;
    this.#child = child;
    this.#home = home;
  }

  newTab(): Promise<Page> {
    return this.#browser.newPage();
  }

  /** Ends it and removes its profile. */
  async stop(): Promise<void> {
    await this.#browser.disconnect();
    await this.#child.stop();
    await removeFolder(this.#home);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** SHA-256 of the public key, which is how Chromium wants to be told of it: in base64, of its SPKI (RFC 5280 §4.1.2.7). */
function keyDigest(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

/** The last of its processes may still write while the folder is being removed. */
async function removeFolder(path: string): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (attempt === 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
