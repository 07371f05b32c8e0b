/** The server itself: its state, configuration, log and end. */
import { flag, oneOf } from "../../data/property_types.ts";
import { bareJson, enveloped, plainText } from "../http/envelope.ts";
import { HttpError } from "../http/http_error.ts";
import { BASE_PATH, JSON_OBJECT, type Operation, operation, PLAIN_TEXT } from "../operation.ts";

/** The server as an administrator controls it. */
export interface SystemControl {
  /** The version of the program. */
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly upSince: number;
  /** Environment variables that are set and hold no secret. */
  readonly environment: readonly { readonly var: string; readonly value: string }[];
  /** Returns the configuration without secrets: as it was written, or with all defaults. */
  configuration(isFull: boolean): unknown;
  /** Applies changes at once. Throws `HttpError` for faults and for properties that need a restart. */
  configure(changes: unknown): { readonly inForce: unknown; readonly changed: readonly string[] };
  /** Returns the last lines of the log. */
  logs(): string;
  /** Requests the end, which waits for calls in set-up unless immediate. Rejects when a restart would fail. */
  end(how: "stop" | "restart", isImmediate: boolean): Promise<void>;
  /** Loads all resources again. */
  reload(): Promise<void>;
}

const TAG = "system";

/** All names that releases of Routr v1 use. */
const STATES = ["down", "restarting", "restart", "reload"] as const;

export function systemOperations(system: SystemControl): Operation[] {
  return [
    operation({
      method: "GET",
      path: `${BASE_PATH}/system/status`,
      id: "getStatus",
      tag: TAG,
      isOpen: true,
      summary: "Reports that the server is up",
      answers: {
        200: {
          description: "It is.",
          content: { ...JSON_OBJECT, schema: { type: "object", properties: { status: { const: "Up" } } } },
        },
      },
      // Early clients print `status`, later ones `message`.
      handle: () => bareJson({ status: "Up", message: "up", data: "up", result: "up" }),
    }),
    operation({
      method: "POST",
      path: `${BASE_PATH}/system/status/{status}`,
      id: "setStatus",
      tag: TAG,
      parameters: { status: "down, restarting or reload." },
      query: { now: flag().default(false).describe("Do not wait for calls that are being set up.") },
      summary: "Stops or restarts the server, or reads all resources again",
      answers: {
        200: { description: "It will." },
        400: { description: "No such status." },
        409: { description: "The configuration has faults." },
      },
      async handle({ parameters: { status }, query: { now } }) {
        const state = STATES.find((each) => each === status);
        if (state === undefined) {
          throw new HttpError(400, `Bad request: expected one of ${STATES.join(", ")}`);
        }
        if (state === "reload") await system.reload();
        else await system.end(state === "down" ? "stop" : "restart", now);
        return bareJson({ status: "200", message: "Request sent to server" });
      },
    }),
    operation({
      method: "GET",
      path: `${BASE_PATH}/system/info`,
      id: "getInfo",
      tag: TAG,
      summary: "Returns version and environment of the server",
      answers: { 200: { description: "Version, API and environment.", data: { type: "object" } } },
      handle() {
        const { version, upSince, environment } = system;
        const info = {
          version: `v${version}`,
          apiVersion: "v1beta1",
          apiPath: "/api",
          env: environment,
          upSince,
        };
        // Early clients look for it beside the envelope's members.
        return enveloped(info, { beside: info });
      },
    }),
    operation({
      method: "GET",
      path: `${BASE_PATH}/system/config`,
      id: "getConfig",
      tag: TAG,
      query: { full: flag().default(false).describe("With all defaults.") },
      summary: "Returns the configuration without secrets",
      answers: { 200: { description: "As config.yaml has it.", data: { type: "object" } } },
      handle: ({ query: { full } }) => enveloped(system.configuration(full)),
    }),
    operation({
      method: "PUT",
      path: `${BASE_PATH}/system/config`,
      id: "updateConfig",
      tag: TAG,
      summary: "Changes properties while the server runs",
      description: "The change lasts until the next start, since config.yaml is not written.",
      body: { schema: { type: "object" }, isUpload: true },
      answers: {
        200: { description: "Changed.", data: { type: "object" } },
        405: { description: "A property that cannot be changed while the server runs." },
        422: { description: "Faults." },
      },
      async handle({ readBody, note }) {
        const { value } = await readBody({ isUpload: true });
        const { inForce, changed } = system.configure(value);
        note(changed.join(", "));
        return enveloped(inForce, {
          message: "In force until the next start: config.yaml is not written",
          meta: { lastsUntil: "restart" },
        });
      },
    }),
    operation({
      method: "GET",
      path: `${BASE_PATH}/system/logs`,
      id: "getLogs",
      tag: TAG,
      query: { format: oneOf(["json", "text"]).default("json").describe("text: without the envelope.") },
      summary: "Returns the last lines of the log",
      answers: { 200: { description: "Lines.", data: { type: "string" }, content: PLAIN_TEXT } },
      handle({ query: { format } }) {
        const text = system.logs();
        return format === "json" ? enveloped(text) : plainText(text);
      },
    }),
  ];
}
