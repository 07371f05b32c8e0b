/**
 * What the thread of the HTTP listener and the main thread tell each other. Bytes go as an ArrayBuffer: the runtime walks
 * through a Uint8Array that it receives, which takes the main thread a second for a large upload.
 */
import type { LogLevel } from "../../runtime/log.ts";
import type { TlsSettings } from "../../transport/tls/tls_contexts.ts";
import type { Client } from "../operation.ts";

export interface FrontLimits {
  readonly maxBodyBytes: number;
  /** Of forms, YAML and lines of JSON: files with many resources. */
  readonly maxUploadBytes: number;
  /** The request line and the header fields. */
  readonly maxHeaderBytes: number;
  /** Requests that the main thread has at a time: SIP comes between them. */
  readonly maxRequests: number;
  /** Requests of one address (of IPv6: of one /64) that are under way, streams among them. */
  readonly maxRequestsPerAddress: number;
  /** One address may have a quarter of them. */
  readonly maxConnections: number;
  /** Answers without an end, such as server-sent events. */
  readonly maxStreams: number;
  /** Milliseconds: in which a request has to be there, and a client has to take something of its answer; an idle connection is closed. */
  readonly timeoutMillis: number;
}

export const DEFAULT_FRONT_LIMITS: FrontLimits = {
  maxBodyBytes: 1024 * 1024,
  maxUploadBytes: 16 * 1024 * 1024,
  maxHeaderBytes: 16 * 1024,
  maxRequests: 4,
  maxRequestsPerAddress: 16,
  maxConnections: 1024,
  maxStreams: 64,
  timeoutMillis: 5000,
};

export interface FrontSettings {
  /** IPv6 with or without brackets. */
  readonly bindAddr: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** HTTP if undefined. */
  readonly tls?: TlsSettings;
  readonly limits: FrontLimits;
}

/** Where it listens; the address as in URIs. */
export interface ListeningAddress {
  readonly address: string;
  readonly port: number;
}

/** Names and values in turn. */
export type HeaderFields = readonly string[];

export interface FrontRequest {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderFields;
  readonly body: ArrayBuffer | undefined;
  readonly client: Client;
}

export interface AnswerHead {
  readonly status: number;
  readonly headers: HeaderFields;
}

/** What the main thread says. `answer` is whole; after `begin` come chunks and an end. */
export type FrontCommand =
  | { readonly kind: "open"; readonly settings: FrontSettings }
  | { readonly kind: "move"; readonly bindAddr: string; readonly port: number }
  | { readonly kind: "answer"; readonly id: number; readonly head: AnswerHead; readonly body: ArrayBuffer }
  | { readonly kind: "begin"; readonly id: number; readonly head: AnswerHead }
  | { readonly kind: "chunk"; readonly id: number; readonly bytes: ArrayBuffer }
  | { readonly kind: "end"; readonly id: number }
  | { readonly kind: "ping" }
  | { readonly kind: "close" };

/** What the thread of the listener says: `listening` or `failed` to "open" and "move", `pong`, `closed`, and of its own accord. */
export type FrontReport =
  | { readonly kind: "listening"; readonly place: ListeningAddress }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "request"; readonly request: FrontRequest }
  /** The client does not have all of a stream and will not. */
  | { readonly kind: "left"; readonly id: number }
  /** More of a stream is at the client: `count` bytes. */
  | { readonly kind: "taken"; readonly id: number; readonly count: number }
  | { readonly kind: "counts"; readonly rejected: number; readonly connections: number }
  | { readonly kind: "pong" }
  | { readonly kind: "closed" }
  | { readonly kind: "log"; readonly record: ForwardedRecord };

/** A record of the log, which is kept by the main thread. */
export interface ForwardedRecord {
  readonly part: string;
  readonly level: LogLevel;
  readonly text: string;
  readonly properties: Readonly<Record<string, string | number | boolean>>;
}
