/** The login between commands: `~/.routr-access.json`, as the tool of Routr v1 has it. */
import { join } from "node:path";
import type { Environment } from "../../config/environment.ts";
import { ClientError } from "./client_error.ts";

export interface Access {
  /** Such as `https://localhost:4567/api/v1beta1`, without a slash at the end. */
  readonly apiUrl: string;
  readonly token: string;
  /** A certificate in PEM that was accepted at the login: the server's own, or its authority's. */
  readonly certificate?: string;
}

const NAME = ".routr-access.json";
/** It holds a token: only the owner may read it. */
const MODE = 0o600;

export class AccessFile {
  readonly path: string;

  /** Throws `ClientError` without a home folder. */
  constructor({ HOME, USERPROFILE }: Environment) {
    const home = HOME || USERPROFILE;
    if (!home) throw new ClientError("Cannot find ~/.routr-access.json: $HOME is not set");
    this.path = join(home, NAME);
  }

  /** Reads the file; undefined without a login. Throws `ClientError` for a file that cannot be read. */
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

  /** Replaces the file in one step, also its permissions. */
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

  /** Removes the file. Returns false when there was none. */
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
