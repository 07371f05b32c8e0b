/** Registrations of this server with gateways: `/registry`. */
import { systemClock } from "../../runtime/clock.ts";
import type { GatewayRegistrationStatus } from "../../core/trunk/gateway_registration_status.ts";
import type { JsonSchema } from "../../data/json_schema.ts";
import { escapeUser } from "../../message/sip_uri.ts";
import { enveloped } from "../http/envelope.ts";
import { BASE_PATH, type Operation, operation } from "../operation.ts";
import { LIST_QUERY, selectItems } from "../selection.ts";

const REGISTRATION: JsonSchema = {
  type: "object",
  properties: {
    username: { type: "string" },
    host: { type: "string" },
    ip: {
      type: "string",
      description: "The registered address, as the gateway sees it; empty when not registered.",
    },
    expires: { type: "integer", description: "Seconds that were granted." },
    registeredOn: { type: "integer", description: "Milliseconds since 1970." },
    regOnFormatted: { type: "string" },
    gwRef: { type: "string" },
    gwURI: { type: "string" },
    state: { enum: ["registering", "registered", "failed", "unregistered"] },
    lastStatus: { type: "integer" },
    reason: { type: "string" },
    nextAttempt: { type: "integer", description: "Milliseconds since 1970." },
  },
};

export function registryOperations(registry: () => readonly GatewayRegistrationStatus[]): Operation[] {
  return [operation({
    method: "GET",
    path: `${BASE_PATH}/registry`,
    id: "listRegistry",
    tag: "registry",
    summary: "Lists our registrations with gateways",
    description: "Those that have failed as well: `state` tells.",
    query: LIST_QUERY,
    answers: { 200: { description: "A page.", data: { type: "array", items: REGISTRATION } } },
    async handle({ query }) {
      const { items, meta } = await selectItems(registry(), shownRegistration, query);
      return enveloped(items, { meta });
    },
  })];
}

function shownRegistration(status: GatewayRegistrationStatus) {
  const { username, host, address, expires, registeredOn, gwRef, state, lastStatus, reason, nextAttempt } =
    status;
  const uriHost = host.includes(":") ? `[${host}]` : host;
  return {
    username,
    host,
    ip: address.replace(/:\d+$/, ""),
    expires,
    registeredOn,
    regOnFormatted: registeredOn === 0 ? "never" : ago(systemClock.wallTime() - registeredOn),
    gwRef,
    gwURI: `sip:${escapeUser(username)}@${uriHost}:${status.port}`,
    state,
    lastStatus,
    reason,
    nextAttempt,
  };
}

const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60]] as const;

/** Returns a time in the words of Routr v1: `2 minutes ago`. */
function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  for (const [unit, length] of UNITS) {
    const count = Math.floor(seconds / length);
    if (count === 1) return unit === "hour" ? "an hour ago" : `a ${unit} ago`;
    if (count > 1) return `${count} ${unit}s ago`;
  }
  return "a few seconds ago";
}
