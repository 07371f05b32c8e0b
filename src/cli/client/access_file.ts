/** What `routr login` keeps between commands: `~/.routr-access.json`, which Routr v1's tool has as well. */
import { join } from "node:path";
import { ClientError } from "./client_error.ts";

export interface Access {
  /** Without a slash at its end: `https://localhost:4567/api/v1beta1`. */
  readonly apiUrl: string;
  readonly token: string;
  /** Trusted since the login: that of a server that has signed it itself, or of who signs it; in PEM. */
  readonly certificate?: string;
}

const NAME = ".routr-access.json";
/** It opens the service: for the owner only. */
const MODE = 0o600;

export class AccessFile {
  readonly path: string;

  /** @param home the folder that it is in */
  constructor(home: string) {
    this.path = join(home, NAME);
  }

  /** Undefined when nobody is logged in. Throws `ClientError` for a file that cannot be read. */
  async read(): Promise<Access | undefined> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw this.#failure("read", error);
    }
    const access = accessIn(text);
    if (access === undefined) throw new ClientError(`Cannot read ${this.path}: run routr login again`);
    return access;
  }

  /** In one step: nobody reads half of it, and what others might have been allowed of the old file ends. */
  async write(access: Access): Promise<void> {
    const draft = `${this.path}.${crypto.randomUUID()}`;
    try {
      await Deno.writeTextFile(draft, `${JSON.stringify(access)}\n`, { createNew: true, mode: MODE });
      await Deno.rename(draft, this.path);
    } catch (error) {
      await Deno.remove(draft).catch(() => {});
      throw this.#failure("write", error);
    }
  }

  /** False when there was nothing to remove. */
  async remove(): Promise<boolean> {
    try {
      await Deno.remove(this.path);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw this.#failure("remove", error);
    }
  }

  #failure(what: string, error: unknown): ClientError {
    return new ClientError(`Cannot ${what} ${this.path}: ${error instanceof Error ? error.message : error}`);
  }
}

function accessIn(text: string): Access | undefined {
  try {
    const { apiUrl, token, certificate } = JSON.parse(text) as Record<string, unknown>;
    if (typeof apiUrl !== "string" || typeof token !== "string") return undefined;
    return { apiUrl, token, ...typeof certificate === "string" && { certificate } };
  } catch {
    return undefined;
  }
}
