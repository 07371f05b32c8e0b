import { SipUri } from "../message/sip_uri.ts";
import { type ResourceRefs, resourceRefs } from "./generated_ref.ts";
import { mapping, property, text, textMatching } from "./property_types.ts";
import { commonMetadata, documentHead, reference, type ResourceTimes, timesOf } from "./resource_document.ts";

/** A telephone number and the address-of-record that it reaches. Later releases of Routr v1 call it Number. */
export interface Did extends ResourceRefs, ResourceTimes {
  readonly kind: "DID";
  readonly name?: string;
  /** The ref of the gateway that provides this number. */
  readonly gwRef: string;
  /** `tel:` URI as configured (RFC 3966). */
  readonly telUrl: string;
  /** The number in `telUrl` without plus sign and separators, by which calls are matched. */
  readonly digits: string;
  /** SIP or SIPS URI of the called address-of-record. It has a user, and its other characters are escaped to ASCII. */
  readonly aorLink: string;
  readonly geoInfo: { readonly city?: string; readonly country?: string; readonly countryISOCode?: string };
}

const TEL_URI = /^[Tt][Ee][Ll]:\+?[().-]*[0-9][0-9().-]*(;.*)?$/;
/** The pattern of a SIP URI in schemas for editors. */
const SIP_URI = "^[Ss][Ii][Pp][Ss]?:[^@\\s]+@[^@\\s]+$";

/** "DID Resource" in the configuration reference. */
export const didSchema = mapping({
  ...documentHead("DID", "Number"),
  metadata: mapping({
    ...commonMetadata(),
    name: text("a name").optional().describe("Friendly name of the number."),
    gwRef: reference("the ref of a gateway").describe(
      "The gateway that the number belongs to: its metadata.ref.",
    ),
    geoInfo: mapping({
      city: text("a city").optional().describe("City of the number."),
      country: text("a country").optional().describe("Country of the number."),
      countryISOCode: text("an ISO country code such as US").optional().describe(
        "ISO code of the country: US.",
      ),
    }).default({}).describe("Where the number is. Has no effect."),
  }),
  spec: mapping({
    location: mapping({
      telUrl: textMatching(TEL_URI, "a telephone URI such as tel:17066041487")
        .meta({ description: "The number, as a telephone URI.", examples: ["tel:17066041487"] }),
      aorLink: property("a SIP URI such as sip:john@sip.local", readSipUri, {
        type: "string",
        pattern: SIP_URI,
      })
        .meta({
          description: "Whom calls to the number ring: the address-of-record of an agent or a peer.",
          examples: ["sip:1001@sip.local"],
        }),
    }),
  }),
}).transform(({ metadata, spec: { location } }): Did => {
  return {
    kind: "DID",
    ...timesOf(metadata),
    ...resourceRefs(metadata.ref, "dd", location.telUrl),
    ...metadata.name !== undefined && { name: metadata.name },
    gwRef: metadata.gwRef,
    telUrl: location.telUrl,
    digits: digitsOf(location.telUrl),
    aorLink: location.aorLink,
    geoInfo: metadata.geoInfo,
  };
});

function readSipUri(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  // In URIs, letters outside of ASCII are escaped octets of UTF-8 (§19.1.2).
  const text = value.toWellFormed().replace(/\P{ASCII}+/gu, encodeURIComponent);
  return SipUri.parse(text)?.user === undefined ? undefined : text;
}

/** Returns `17066041487` for `tel:+1 (706) 604-1487;ext=2`. */
export function digitsOf(telUri: string): string {
  return telUri.split(";", 1)[0].replace(/\D/g, "");
}
