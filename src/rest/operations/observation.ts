/** How the server is watched: by people, by monitors, by programs. */
import { text } from "../../data/property_types.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import { type Call, shownCall } from "../../core/calls/call.ts";
import type { JsonSchema } from "../../data/json_schema.ts";
import { bareJson, enveloped, plainText } from "../http/envelope.ts";
import type { EventHistory } from "../observe/event_history.ts";
import { eventStream } from "../observe/event_stream.ts";
import type { Readiness } from "../observe/health.ts";
import { PROMETHEUS_TYPE, prometheusText } from "../observe/prometheus.ts";
import { BASE_PATH, type Operation, operation } from "../operation.ts";
import { selectItems } from "../selection.ts";
import { LIST_QUERY } from "./list_query.ts";

export interface ObservationParts {
  readonly version: string;
  readonly metrics: Metrics;
  readonly history: EventHistory;
  calls(): readonly Call[];
  readiness(): Readiness;
}
const TAG = "observation";

export function observationOperations(parts: ObservationParts): Operation[] {
  return [
    operation({
      method: "GET",
      path: `${BASE_PATH}/events`,
      id: "followEvents",
      tag: TAG,
      summary: "What happens, as it happens (server-sent events)",
      description: "Last-Event-ID goes on where a connection was lost, as far as it is remembered.",
      query: {
        types: text("names of events").optional().describe(
          "Beginnings of names, with commas between: call.,gateway.",
        ),
        lastEventId: text("an id").optional().describe("In the place of the header field."),
      },
      answers: {
        200: { description: "Events.", content: { type: "text/event-stream", schema: { type: "string" } } },
      },
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
      summary: "Lists calls under way",
      query: LIST_QUERY,
      answers: { 200: { description: "A page.", data: { type: "array", items: CALL } } },
      async handle({ query }) {
        const { items, meta } = await selectItems(parts.calls(), shownCall, query);
        return enveloped(items, { meta });
      },
    }),
    operation({
      method: "GET",
      path: "/metrics",
      id: "getMetrics",
      tag: TAG,
      summary: "Numbers for Prometheus",
      answers: {
        200: { description: "Numbers.", content: { type: "text/plain", schema: { type: "string" } } },
      },
      handle: () => plainText(prometheusText(parts.metrics, parts.version), PROMETHEUS_TYPE),
    }),
    operation({
      method: "GET",
      path: "/healthz",
      id: "getHealth",
      tag: TAG,
      isOpen: true,
      summary: "Whether the process is alive",
      answers: {
        200: { description: "It is.", content: { type: "text/plain", schema: { type: "string" } } },
      },
      handle: () => plainText("ok\n"),
    }),
    operation({
      method: "GET",
      path: "/readyz",
      id: "getReadiness",
      tag: TAG,
      isOpen: true,
      summary: "Whether calls can be sent here",
      answers: {
        200: { description: "They can.", content: { type: "application/json", schema: { type: "object" } } },
        503: { description: "Not now.", content: { type: "application/json", schema: { type: "object" } } },
      },
      handle() {
        const readiness = parts.readiness();
        return bareJson(readiness, readiness.isReady ? 200 : 503);
      },
    }),
  ];
}

const CALL: JsonSchema = {
  type: "object",
  properties: {
    id: { type: "string" },
    callId: { type: "string", description: "Call-ID." },
    from: { type: "string" },
    to: { type: "string" },
    direction: { enum: ["internal", "outbound", "inbound"] },
    gatewayRef: { type: "string" },
    didRef: { type: "string" },
    state: { enum: ["trying", "ringing", "answered"] },
    startedAt: { type: "integer", description: "Milliseconds since 1970." },
    answeredAt: { type: "integer", description: "Milliseconds since 1970." },
  },
};
