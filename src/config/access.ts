/** `spec.access`: what strangers may do before they are silenced. */
import { network } from "../data/network_property.ts";
import { integer, listOf, mapping, oneOf, text } from "../data/property_types.ts";
import type { AccessSettings } from "../core/access/access_settings.ts";

type Numbers = Omit<AccessSettings, "isOn" | "trusted" | "scanners" | "firewall">;

const NORMAL: Numbers = {
  requestsPerSecond: 20,
  requestBurst: 60,
  strangersPerSecond: 2000,
  ban: { points: 10, windowSeconds: 600, seconds: 3600, maxSeconds: 86_400 },
  failuresPerAccountPerHour: 100,
};

const PRESETS: Readonly<Record<"off" | "relaxed" | "normal" | "strict", Numbers>> = {
  off: NORMAL,
  relaxed: {
    requestsPerSecond: 100,
    requestBurst: 300,
    strangersPerSecond: 5000,
    ban: { points: 30, windowSeconds: 600, seconds: 600, maxSeconds: 3600 },
    failuresPerAccountPerHour: 1000,
  },
  normal: NORMAL,
  strict: {
    requestsPerSecond: 10,
    requestBurst: 30,
    strangersPerSecond: 1000,
    ban: { points: 5, windowSeconds: 3600, seconds: 14_400, maxSeconds: 604_800 },
    failuresPerAccountPerHour: 30,
  },
};

/** Programs that look for open servers and weak passwords, by what they call themselves. */
const SCANNERS = [
  "friendly-scanner",
  "friendly-request",
  "sipvicious",
  "sip-scan",
  "sipscan",
  "sundayddr",
  "sipsak-scan",
  "iwar",
  "sipcli",
  "vaxsip",
  "sivus",
  "gulp",
  "smap",
  "pplsip",
];

const count = integer({ min: 1, max: 1_000_000_000 });

export const access = mapping({
  preset: oneOf(["off", "relaxed", "normal", "strict"]).default("normal")
    .describe("The numbers of the properties below that are not set; off: nobody is limited or banned."),
  trusted: listOf(network()).default([])
    .describe("Networks that are neither limited nor banned: 192.168.0.0/16."),
  requestsPerSecond: count.optional().describe(
    "Messages a second from one IPv4 address or IPv6 /64; ten times as many where phones are known; normal: 20.",
  ),
  requestBurst: count.optional().describe("How many of them may come at once; normal: 60."),
  strangersPerSecond: count.optional().describe(
    "Messages a second from all addresses together where no phone or gateway is known; normal: 2000.",
  ),
  ban: mapping({
    points: count.optional().describe(
      "A wrong password or an unknown user is 1 point. So many within the window ban an address; normal: 10.",
    ),
    windowSeconds: count.optional().describe("The window; normal: 600."),
    seconds: count.optional().describe(
      "How long the first ban lasts; each further one twice as long; normal: 3600.",
    ),
    maxSeconds: count.optional().describe("The longest ban; normal: 86400."),
  }).prefault({}).describe("When an address is banned, and for how long."),
  failuresPerAccountPerHour: count.optional().describe(
    "Wrong passwords an hour for one account from everywhere; beyond, unknown addresses have one try a second; normal: 100.",
  ),
  firewall: oneOf(["none", "nftables"]).default("none").describe(
    "nftables: the kernel drops what banned addresses send, for which the server needs nft and CAP_NET_ADMIN.",
  ),
  scanners: listOf(text("a part of a User-Agent")).default(SCANNERS)
    .describe("Clients whose User-Agent contains one of these, in any case, hear nothing."),
}).transform(
  ({ preset, trusted, scanners, firewall, ban, ...numbers }): AccessSettings & { preset: typeof preset } => {
    const usual = PRESETS[preset];
    return {
      preset,
      isOn: preset !== "off",
      trusted,
      firewall,
      ...usual,
      ...given(numbers),
      ban: { ...usual.ban, ...given(ban) },
      scanners: scanners.map((word) => word.toLowerCase()),
    };
  },
);

/** Returns the properties that are set. */
function given<T extends object>(properties: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}
