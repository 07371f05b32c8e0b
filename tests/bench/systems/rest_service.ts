/** The REST service of a routr that was started, for what a bench asks of it now and then. */
import { Buffer } from "node:buffer";
import { type HttpAnswer, HttpConnection, httpRequest } from "../load/http_connection.ts";
import { ADMINISTRATOR_NAME } from "../load/large_configuration.ts";
import { SECRET } from "../load/subscribers.ts";

const BASE = "/api/v1beta1";
/** Milliseconds without a request after which a connection may be closed any moment. */
const IDLE = 2000;

export class RestService {
  readonly port: number;
  /** The value of the header field. */
  readonly authorization: string;
  #connection: HttpConnection;
  #usedAt = performance.now();

  private constructor(port: number, token: string, connection: HttpConnection) {
    this.port = port;
    this.authorization = `Bearer ${token}`;
    this.#connection = connection;
  }

  /** Logs in. */
  static async at(port: number): Promise<RestService> {
    const connection = await HttpConnection.open(port);
    const fields = `Authorization: ${basic(ADMINISTRATOR_NAME, SECRET)}\r\n`;
    const { status, body } = await connection.ask(httpRequest("GET", `${BASE}/credentials`, fields));
    if (status !== 200) throw new Error(`Cannot log in: ${status} ${body}`);
    return new RestService(port, body, connection);
  }

  /** Another client with the same token. */
  async another(): Promise<RestService> {
    const token = this.authorization.slice("Bearer ".length);
    return new RestService(this.port, token, await HttpConnection.open(this.port));
  }

  /** A page of agents, and how many there are. Throws when it is refused. */
  async agents(itemsPerPage: number, filter?: string): Promise<AgentsPage> {
    const { status, body } = await this.#ask("GET", agentsPath(itemsPerPage, filter));
    if (status !== 200) throw new Error(`Cannot list agents: ${status} ${body}`);
    const { data, meta } = JSON.parse(body);
    return { refs: data.map(({ metadata }: Listed) => metadata.ref), total: meta.totalItems };
  }

  /** The status of the answer. */
  async upload(yaml: string): Promise<number> {
    const { status } = await this.#ask("POST", `${BASE}/agents`, "Content-Type: application/yaml\r\n", yaml);
    return status;
  }

  close(): void {
    this.#connection.close();
  }

  async #ask(method: string, path: string, fields = "", body = ""): Promise<HttpAnswer> {
    if (performance.now() - this.#usedAt > IDLE) {
      this.#connection.close();
      this.#connection = await HttpConnection.open(this.port);
    }
    const authorization = `Authorization: ${this.authorization}\r\n`;
    const answer = await this.#connection.ask(httpRequest(method, path, authorization + fields, body));
    this.#usedAt = performance.now();
    return answer;
  }
}

export interface AgentsPage {
  readonly refs: readonly string[];
  /** Of all that the filter matches. */
  readonly total: number;
}

interface Listed {
  readonly metadata: { readonly ref: string };
}

export function basic(user: string, secret: string): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
}

export function agentPath(ref: string): string {
  return `${BASE}/agents/${ref}`;
}

export function agentsPath(itemsPerPage: number, filter?: string): string {
  const query = filter === undefined ? "" : `&filter=${encodeURIComponent(filter)}`;
  return `${BASE}/agents?itemsPerPage=${itemsPerPage}${query}`;
}
