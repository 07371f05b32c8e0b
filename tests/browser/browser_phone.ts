/** A phone in a tab of Chromium, as the test sees it. */
import type { Page } from "puppeteer-core";
import { domain, secret } from "../support/routr_process.ts";
import type { Chromium } from "./chromium.ts";
import type { PageAccount, PageEvent, PageEventType, PagePhone } from "./page_phone.ts";
import type { PageServer } from "./page_server.ts";

const patience = 5_000;

/** What a tab needs: the browser, and where its page comes from. */
export interface TabPlace {
  readonly chromium: Chromium;
  readonly pages: PageServer;
}

export interface BrowserPhoneOptions {
  readonly library: PageAccount["library"];
  /** `ws://127.0.0.1:…` or `wss://127.0.0.1:…`. */
  readonly server: string;
  readonly user: string;
  readonly password?: string;
}

/** Opens a tab; its phone registers at once. */
export async function openPhone(place: TabPlace, options: BrowserPhoneOptions): Promise<BrowserPhone> {
  const page = await place.chromium.newTab();
  const account: PageAccount = { domain, password: secret, ...options };
  const phone = new BrowserPhone(page, `${place.pages.url}?${new URLSearchParams({ ...account })}`);
  await page.exposeFunction("report", (type: PageEventType, detail: string) => phone.take({ type, detail }));
  page.on("pageerror", (error) => phone.takeError(String(error)));
  await phone.open();
  return phone;
}

/** Opens a tab and waits until the server has accepted its registration. */
export async function registeredPhone(place: TabPlace, options: BrowserPhoneOptions): Promise<BrowserPhone> {
  const phone = await openPhone(place, options);
  try {
    await phone.event("registered");
    return phone;
  } catch (error) {
    await phone.close();
    throw error;
  }
}

export class BrowserPhone implements AsyncDisposable {
  readonly #page: Page;
  readonly #url: string;
  readonly #events: PageEvent[] = [];
  readonly #errors: string[] = [];
  #arrived: () => void = () => {};

  constructor(page: Page, url: string) {
    this.#page = page;
    this.#url = url;
  }

  async open(): Promise<void> {
    await this.#page.goto(this.#url);
  }

  /** Loads the page anew, as a person does; whatever it was doing is lost, its connection too. */
  async reload(): Promise<void> {
    await this.#page.reload();
  }

  /** Presses a button of the phone; resolves when the phone has done it. */
  press<Button extends keyof PagePhone>(
    button: Button,
    ...args: Parameters<PagePhone[Button]>
  ): ReturnType<PagePhone[Button]> {
    const call = `phone.${button}(${args.map((value) => JSON.stringify(value)).join(", ")})`;
    return this.#page.evaluate(call) as ReturnType<PagePhone[Button]>;
  }

  /** The detail of the next event of this type; it and all before it are then forgotten. */
  async event(type: PageEventType, milliseconds = patience): Promise<string> {
    const deadline = Date.now() + milliseconds;
    while (true) {
      const index = this.#events.findIndex((event) => event.type === type);
      if (index >= 0) return this.#events.splice(0, index + 1)[index].detail;
      if (this.#errors.length > 0) throw new Error(this.#failure(`had an error before it saw ${type}`));
      const remaining = deadline - Date.now();
      if (remaining <= 0) throw new Error(this.#failure(`saw no ${type} in ${milliseconds} ms`));
      await this.#nextArrival(remaining);
    }
  }

  /** Waits until it has received another 10 packets of audio. */
  async hearsAudio(milliseconds = patience): Promise<void> {
    const deadline = Date.now() + milliseconds;
    const wanted = await this.press("receivedPackets") + 10;
    while (await this.press("receivedPackets") < wanted) {
      if (Date.now() > deadline) throw new Error(this.#failure(`heard no audio in ${milliseconds} ms`));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  take(event: PageEvent): void {
    this.#events.push(event);
    this.#arrived();
  }

  takeError(error: string): void {
    this.#errors.push(error);
    this.#arrived();
  }

  /** Closes the tab. */
  async close(): Promise<void> {
    await this.#page.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #nextArrival(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#arrived = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #failure(what: string): string {
    const events = this.#events.map(({ type, detail }) => `${type} ${detail}`).join("\n");
    const { library, user } = Object.fromEntries(new URL(this.#url).searchParams);
    return `The ${library} phone of ${user} ${what}; unread events:\n${events}\nerrors in the page:\n${
      this.#errors.join("\n")
    }`;
  }
}
