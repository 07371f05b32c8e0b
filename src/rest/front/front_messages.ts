/**
 * Messages between the thread of the HTTP listener and the main thread. Bytes are an ArrayBuffer: the runtime copies a
 * Uint8Array element by element, which takes the main thread a second for a large upload.
 */
import type { LogLevel } from "../../runtime/log.ts";
import type { TlsSettings } from "../../transport/tls/tls_contexts.ts";
import type { Client } from "../operation.ts";

export interface FrontLimits {
  readonly maxBodyBytes: number;
  /** The limit of forms, YAML and JSON Lines: files with many resources. */
  readonly maxUploadBytes: number;
  /** The request line and the header fields. */
  readonly maxHeaderBytes: number;
  /** Requests that the main thread serves at a time; SIP comes between them. */
  readonly maxRequests: number;
  /** Concurrent requests and streams of one address, or one IPv6 /64. */
  readonly maxRequestsPerAddress: number;
  /** All connections; one address may have a quarter of them. */
  readonly maxConnections: number;
  /** Concurrent endless answers, such as server-sent events. */
  readonly maxStreams: number;
  /** The time for a whole request, for a client to take a part of its answer, and for an idle connection. */
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

/** The address as in URIs, and the port, of a listener. */
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

/** A message of the main thread. `answer` is complete; after `begin` come chunks and an end. */
export type FrontCommand =
  | { readonly kind: "open"; readonly settings: FrontSettings }
  | { readonly kind: "move"; readonly bindAddr: string; readonly port: number }
  | { readonly kind: "answer"; readonly id: number; readonly head: AnswerHead; readonly body: ArrayBuffer }
  | { readonly kind: "begin"; readonly id: number; readonly head: AnswerHead }
  | { readonly kind: "chunk"; readonly id: number; readonly bytes: ArrayBuffer }
  | { readonly kind: "end"; readonly id: number }
  | { readonly kind: "ping" }
  | { readonly kind: "close" };

/** A message of the listener's thread. `listening` or `failed` answers "open" and "move". */
export type FrontReport =
  | { readonly kind: "listening"; readonly bound: ListeningAddress }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "request"; readonly request: FrontRequest }
  /** The client left before the end of a stream. */
  | { readonly kind: "left"; readonly id: number }
  /** The client has taken `count` more bytes of a stream. */
  | { readonly kind: "taken"; readonly id: number; readonly count: number }
  | { readonly kind: "counts"; readonly rejected: number; readonly connections: number }
  | { readonly kind: "pong" }
  | { readonly kind: "closed" }
  | { readonly kind: "log"; readonly record: ForwardedRecord };

/** A record for the log of the main thread. */
export interface ForwardedRecord {
  readonly part: string;
  readonly level: LogLevel;
  readonly text: string;
  readonly properties: Readonly<Record<string, string | number | boolean>>;
}
