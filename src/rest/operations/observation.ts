/** Observation of the server: events, calls, metrics and health. */
import { flag, text } from "../../data/property_types.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import { type Call, shownCall } from "../../core/calls/call.ts";
import type { EndedCall } from "../../core/calls/ended_calls.ts";
import type { JsonSchema } from "../../data/json_schema.ts";
import { bareJson, enveloped, plainText } from "../http/envelope.ts";
import { HttpError } from "../http/http_error.ts";
import type { EventHistory } from "../observe/event_history.ts";
import { eventStream } from "../observe/event_stream.ts";
import { PROMETHEUS_TYPE, prometheusText } from "../observe/prometheus.ts";
import { BASE_PATH, JSON_OBJECT, type Operation, operation, PLAIN_TEXT } from "../operation.ts";
import { LIST_QUERY, selectItems } from "../selection.ts";

export interface ObservationParts {
  readonly version: string;
  readonly metrics: Metrics;
  readonly history: EventHistory;
  calls(): readonly Call[];
  /** Returns ended calls, the newest first. */
  endedCalls(): readonly EndedCall[];
  /** Ends a call; false when there is none with this id. */
  endCall(id: string): boolean;
  /** Returns the state of each thing that serving needs, by name. */
  checks(): Readonly<Record<string, boolean>>;
}

const TAG = "observation";

export function observationOperations(parts: ObservationParts): Operation[] {
  return [
    operation({
      method: "GET",
      path: `${BASE_PATH}/events`,
      id: "followEvents",
      tag: TAG,
      summary: "Follows events (server-sent events)",
      description: "Last-Event-ID resumes after a lost connection, as far as events are kept.",
      query: {
        types: text("names of events").optional().describe(
          "Prefixes of event types, separated by commas: call.,gateway.",
        ),
        lastEventId: text("an id").optional().describe("Replaces the header field."),
      },
      answers: { 200: { description: "Events.", content: { ...PLAIN_TEXT, type: "text/event-stream" } } },
      handle({ request, query: { types, lastEventId } }) {
        const stream = eventStream({
          history: parts.history,
          lastEventId: request.headers.get("last-event-id") ?? lastEventId,
          types: types?.split(","),
        });
        return new Response(stream, { headers: { "content-type": "text/event-stream" } });
      },
    }),
    operation({
      method: "GET",
      path: `${BASE_PATH}/calls`,
      id: "listCalls",
      tag: TAG,
      summary: "Lists current or ended calls",
      query: {
        ...LIST_QUERY,
        ended: flag().default(false).describe(
          "The last thousand ended or failed calls, the newest first.",
        ),
      },
      answers: { 200: { description: "A page.", data: { type: "array", items: CALL } } },
      async handle({ query }) {
        const { items, meta } = query.ended
          ? await selectItems(parts.endedCalls(), (call) => call, query)
          : await selectItems(parts.calls(), shownCall, query);
        return enveloped(items, { meta });
      },
    }),
    operation({
      method: "DELETE",
      path: `${BASE_PATH}/calls/{id}`,
      id: "endCall",
      tag: TAG,
      parameters: { id: "The id in the list of calls." },
      summary: "Ends a call: both ends hear a BYE, or a CANCEL and 480 before the answer",
      answers: { 200: { description: "Done.", content: ENDED }, 404: { description: "No such call." } },
      handle({ parameters: { id } }) {
        if (!parts.endCall(id)) throw new HttpError(404, "Not found");
        return bareJson({ status: "200", message: "Call ended." });
      },
    }),
    operation({
      method: "GET",
      path: "/metrics",
      id: "getMetrics",
      tag: TAG,
      summary: "Returns metrics for Prometheus",
      answers: { 200: { description: "Metrics.", content: PLAIN_TEXT } },
      handle: () => plainText(prometheusText(parts.metrics, parts.version), PROMETHEUS_TYPE),
    }),
    operation({
      method: "GET",
      path: "/healthz",
      id: "getHealth",
      tag: TAG,
      isOpen: true,
      summary: "Reports that the process is alive",
      answers: { 200: { description: "It is.", content: PLAIN_TEXT } },
      handle: () => plainText("ok\n"),
    }),
    operation({
      method: "GET",
      path: "/readyz",
      id: "getReadiness",
      tag: TAG,
      isOpen: true,
      summary: "Reports whether the server is ready for calls",
      query: {
        exclude: text("names of checks with commas between").optional().describe(
          "Checks to ignore: dataSource, when all servers of a balancer share it.",
        ),
      },
      answers: {
        200: { description: "It is ready.", content: JSON_OBJECT },
        503: { description: "It is not ready.", content: JSON_OBJECT },
      },
      handle({ query: { exclude = "" } }) {
        const checks = parts.checks();
        const ignored = exclude.split(",");
        const isReady = Object.entries(checks).every(([name, isGood]) => isGood || ignored.includes(name));
        return bareJson({ isReady, checks }, isReady ? 200 : 503);
      },
    }),
  ];
}

const ENDED = {
  type: "application/json",
  schema: {
    type: "object",
    properties: { status: { type: "string" }, message: { type: "string" } },
  },
};

const CALL: JsonSchema = {
  type: "object",
  properties: {
    id: { type: "string" },
    callId: { type: "string", description: "Call-ID." },
    from: { type: "string" },
    to: { type: "string" },
    account: {
      type: "string",
      description: "The caller, as authenticated by password or address; absent without authentication.",
    },
    accountKind: { enum: ["agent", "peer", "gateway"] },
    accountRef: { type: "string" },
    address: { type: "string", description: "The source of the INVITE, with its port." },
    transport: { type: "string" },
    direction: { enum: ["internal", "outbound", "inbound"] },
    gatewayRef: { type: "string" },
    didRef: { type: "string" },
    state: { enum: ["trying", "ringing", "answered"] },
    startedAt: { type: "integer", description: "Milliseconds since 1970." },
    answeredAt: { type: "integer", description: "Milliseconds since 1970." },
    endedAt: {
      type: "integer",
      description: "Milliseconds since 1970. This and the following properties are there after the end.",
    },
    durationMillis: {
      type: "integer",
      description: "Since the answer; absent when the end was not observed.",
    },
    cause: {
      enum: [
        ...["caller hung up", "callee hung up", "canceled", "rejected", "lost", "not observed"],
        ...["too long", "operator hung up"],
      ],
    },
    status: { type: "integer", description: "The final response to the INVITE, 0 without one." },
    reason: {
      type: "string",
      description: "The reason phrase of that response, or the fault at this server.",
    },
    endedBy: {
      enum: ["caller", "callee", "gateway", "server", "operator"],
      description: "The end that sent it.",
    },
  },
};
