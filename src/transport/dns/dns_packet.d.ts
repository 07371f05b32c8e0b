/** The part of dns-packet that is used. Its public types would bring all types of Node. */
import type { Buffer } from "node:buffer";

interface Owned {
  name: string;
  /** Seconds. */
  ttl?: number;
  class?: string;
}

export interface StringAnswer extends Owned {
  type: "A" | "AAAA" | "CNAME" | "DNAME" | "NS" | "PTR";
  data: string;
}

export interface SrvAnswer extends Owned {
  type: "SRV";
  data: { priority?: number; weight?: number; port: number; target: string };
}

export interface NaptrAnswer extends Owned {
  type: "NAPTR";
  data: {
    order: number;
    preference: number;
    flags: string;
    services: string;
    regexp: string;
    replacement: string;
  };
}

export interface SoaAnswer extends Owned {
  type: "SOA";
  data: {
    mname: string;
    rname: string;
    serial?: number;
    refresh?: number;
    retry?: number;
    expire?: number;
    minimum?: number;
  };
}

export interface TxtAnswer extends Owned {
  type: "TXT";
  data: string | readonly string[];
}

/** EDNS(0). */
export interface OptAnswer {
  type: "OPT";
  name: ".";
  udpPayloadSize: number;
  extendedRcode: number;
  ednsVersion: number;
  flags: number;
  flag_do: boolean;
  options: readonly unknown[];
}

export type Answer = StringAnswer | SrvAnswer | NaptrAnswer | SoaAnswer | TxtAnswer | OptAnswer;

export interface Question {
  type: string;
  name: string;
  class?: string;
}

export interface Packet {
  type?: "query" | "response";
  id?: number;
  flags?: number;
  questions?: readonly Question[];
  answers?: readonly Answer[];
  authorities?: readonly Answer[];
  additionals?: readonly Answer[];
}

export interface DecodedPacket extends Packet {
  /** Truncated. */
  flag_tc: boolean;
}

export const RECURSION_DESIRED: number;
export const TRUNCATED_RESPONSE: number;

export function encode(packet: Packet): Buffer;
/** With the length in front, for TCP. */
export function streamEncode(packet: Packet): Buffer;
export const decode: {
  (bytes: Buffer): DecodedPacket;
  /** Bytes that the last call took for the message, missing ones included. */
  readonly bytes: number;
};
