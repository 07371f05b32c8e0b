/** What a test and the phone in a page say to each other. */

/**
 * What a phone reports, with a detail:
 *
 * - `registered` how many bindings the account has now; `registrationFailed` the status, `403 Forbidden`
 * - `incoming` the caller's user name; `ringing` the status, `180 Ringing`; `established` ""
 * - `held`, `resumed` "": the other side has put the call on hold, or taken it back
 * - `closed` what ended the call from afar, `BYE`, `CANCEL` or `486 Busy Here`; `local` when this phone did
 * - `message` the text that another phone has sent
 */
export interface PageEvent {
  readonly type: PageEventType;
  readonly detail: string;
}

export type PageEventType =
  | "registered"
  | "registrationFailed"
  | "incoming"
  | "ringing"
  | "established"
  | "held"
  | "resumed"
  | "closed"
  | "message";

/** Where a phone in a page hands in what it sees. */
export type Report = (type: PageEventType, detail?: string) => void;

/** The query of the page's address. */
export interface PageAccount {
  readonly library: "jssip" | "sipjs";
  /** `ws://127.0.0.1:…` or `wss://127.0.0.1:…`. */
  readonly server: string;
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

/**
 * The buttons of a phone in a page. They are for its last call; one that was up before waits. Whoever is asked to call
 * somebody else, or to take a call in the place of another one, does so.
 */
export interface PagePhone {
  /** Connects and registers. */
  start(): Promise<void>;
  call(user: string): Promise<void>;
  answer(): Promise<void>;
  /** Ends the call: BYE when established, CANCEL when calling, 480 when being called. */
  hangUp(): Promise<void>;
  /** Resolves when the other side has accepted the re-INVITE. */
  hold(): Promise<void>;
  /** Resolves when the other side has accepted the re-INVITE. */
  resume(): Promise<void>;
  /** Joins the other sides of its last two calls; resolves when they have said that they talk. */
  join(): Promise<void>;
  /** Sends a MESSAGE; resolves with the status of its final response. */
  message(user: string, text: string): Promise<number>;
  /** RTP packets of audio that have come in this call. */
  receivedPackets(): Promise<number>;
}

/** The part of an RTCPeerConnection that tells of media; its own type is not known outside of browsers. */
interface StatisticsSource {
  getStats(): Promise<ReadonlyMap<string, { readonly type: string; readonly packetsReceived?: number }>>;
}

/** RTP packets that an RTCPeerConnection has received. */
export async function countReceivedPackets(connection: object | undefined): Promise<number> {
  if (!connection) return 0;
  let packets = 0;
  for (const entry of (await (connection as StatisticsSource).getStats()).values()) {
    if (entry.type === "inbound-rtp") packets += entry.packetsReceived ?? 0;
  }
  return packets;
}
