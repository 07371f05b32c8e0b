/** Registrations: `/location`. */
import type * as z from "zod";
import { ipAddress } from "../../data/network_property.ts";
import { integer, mapping, port, text } from "../../data/property_types.ts";
import { type JsonSchema, jsonSchemaOf } from "../../data/json_schema.ts";
import type { BoundFlow } from "../../core/flows/bound_flow.ts";
import type { Binding } from "../../location/binding.ts";
import type { LocationService } from "../../location/location_service.ts";
import { addressOfRecord, SipUri } from "../../message/sip_uri.ts";
import type { Clock } from "../../runtime/clock.ts";
import { bareJson, enveloped } from "../http/envelope.ts";
import { HttpError } from "../http/http_error.ts";
import { BASE_PATH, type Operation, operation } from "../operation.ts";
import { validated } from "../http/validation.ts";
import { LIST_QUERY, selectItems } from "../selection.ts";

export interface LocationOperationsParts {
  readonly clock: Clock;
  readonly location: LocationService<BoundFlow>;
  /** Adds a binding that no device has registered. Throws a TypeError when it cannot. */
  bind(aor: string, contact: StaticContact): void;
  /** Removes all bindings. Returns false when there were none. */
  evict(aor: string): boolean;
  evictAll(): Promise<void>;
}

/** The request body of Routr v1. */
const staticContact = mapping({
  user: text("a user name").describe("The user part of the contact."),
  address: ipAddress().describe("The address of the device."),
  port: port(1).default(5060).describe("Its UDP port."),
  expires: integer({ min: 1, max: 2 ** 31 - 1 }).default(3600).describe("For how many seconds."),
});

/** The address of a device, as an administrator states it. */
export type StaticContact = z.output<typeof staticContact>;

const LOCATION: JsonSchema = {
  type: "object",
  required: ["addressOfRecord", "contactInfo", "contacts"],
  properties: {
    addressOfRecord: { type: "string", examples: ["sip:1001@sip.local"] },
    contactInfo: { type: "string", description: "The first contact, as Routr v1 writes it." },
    contacts: {
      type: "array",
      items: {
        type: "object",
        properties: {
          uri: { type: "string" },
          address: { type: "string" },
          port: { type: "integer" },
          transport: { type: "string" },
          expires: { type: "integer", description: "Seconds that are left." },
          registeredOn: { type: "string", format: "date-time" },
          nat: { type: "boolean" },
          q: { type: "number" },
          instance: { type: "string" },
        },
      },
    },
  },
};

const AOR = { aor: "The address-of-record: sip:1001@sip.local, percent-encoded or without `sip:`." };

export function locationOperations(parts: LocationOperationsParts): Operation[] {
  const { location } = parts;
  const path = `${BASE_PATH}/location`;
  return [
    operation({
      method: "GET",
      path,
      id: "listLocation",
      tag: "location",
      summary: "Lists what is registered here",
      query: LIST_QUERY,
      answers: { 200: { description: "A page.", data: { type: "array", items: LOCATION } } },
      async handle({ query }) {
        const show = (aor: string) => shownLocation(aor, location.lookup(aor), parts.clock);
        const { items, meta } = await selectItems([...location.addressesOfRecord()], show, query);
        return enveloped(items, { meta });
      },
    }),
    operation({
      method: "DELETE",
      path,
      id: "evictAll",
      tag: "location",
      summary: "Ends all registrations",
      answers: { 200: { description: "Done.", content: FIXED } },
      async handle() {
        await parts.evictAll();
        return bareJson({ status: "200", message: "Evicted All!" });
      },
    }),
    operation({
      method: "POST",
      path: `${path}/{aor}`,
      id: "addLocation",
      tag: "location",
      parameters: AOR,
      summary: "Adds a binding for a device that does not register",
      body: { schema: jsonSchemaOf(staticContact) },
      answers: {
        200: { description: "Done.", content: FIXED },
        404: { description: "No agent or peer of ours." },
        422: { description: "Faults." },
      },
      async handle({ readBody, parameters }) {
        const aor = readAor(parameters.aor);
        const contact = validated(staticContact, (await readBody()).value);
        try {
          parts.bind(aor, contact);
        } catch (error) {
          if (error instanceof TypeError) throw new HttpError(404, error.message);
          throw error;
        }
        return bareJson({ status: "200", message: "Added location entry." });
      },
    }),
    operation({
      method: "DELETE",
      path: `${path}/{aor}`,
      id: "evict",
      tag: "location",
      parameters: AOR,
      summary: "Ends the registrations of an address-of-record",
      answers: { 200: { description: "Done.", content: FIXED }, 404: { description: "Not registered." } },
      handle({ parameters }) {
        if (!parts.evict(readAor(parameters.aor))) throw new HttpError(404, "Not found");
        return bareJson({ status: "200", message: "Location entry evicted." });
      },
    }),
  ];
}

const FIXED = {
  type: "application/json",
  schema: {
    type: "object",
    properties: { status: { type: "string" }, message: { type: "string" } },
  },
};

/** Returns an address-of-record; people write `me@home@sip.local` for `me%40home@sip.local`. */
function readAor(text: string): string {
  const written = /^sips?:/i.test(text) ? text : `sip:${text}`;
  const uri = SipUri.parse(written) ?? SipUri.parse(written.replace(/@(?=.*@)/g, "%40"));
  if (uri?.user === undefined) {
    throw new HttpError(400, "Bad request: expected an address-of-record such as sip:1001@sip.local");
  }
  return addressOfRecord(uri.userText, uri.host);
}

/** Returns the bindings of an address-of-record for clients; undefined when none is left. */
function shownLocation(aor: string, bindings: readonly Binding<BoundFlow>[], clock: Clock) {
  if (bindings.length === 0) return undefined;
  const contacts = bindings.map((binding) => shownContact(binding, clock));
  const [{ uri, nat, expires }] = contacts;
  const more = contacts.length > 1 ? " [...]" : "";
  return { addressOfRecord: aor, contactInfo: `${uri};nat=${nat};expires=${expires}${more}`, contacts };
}

function shownContact(
  { contact, q, expiresAt, updatedAt, flow, instance }: Binding<BoundFlow>,
  clock: Clock,
) {
  const age = clock.now() - updatedAt;
  const uri = SipUri.parse(contact);
  return {
    uri: contact,
    address: flow.remoteAddress,
    port: flow.remotePort,
    transport: flow.protocol,
    expires: Math.max(0, Math.ceil((expiresAt - clock.now()) / 1000)),
    registeredOn: new Date(clock.wallTime() - age).toISOString(),
    nat: uri !== undefined && (uri.host !== flow.remoteAddress || (uri.port ?? 5060) !== flow.remotePort),
    q: q / 1000,
    ...instance !== "" && { instance },
  };
}
