/** How a registration with a gateway is doing. Times are in milliseconds since 1970, 0 where there is none. */
export interface GatewayRegistrationStatus {
  readonly gwRef: string;
  /** Where we register, as configured; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly state: "registering" | "registered" | "failed" | "unregistered";
  /** Of the last answer, 408 and 503 where none came (RFC 3261 §8.1.3.1); 0 before the first. */
  readonly lastStatus: number;
  /** Why it failed, "" when it did not. */
  readonly reason: string;
  /** `address:port` that we are registered at, "" for none. */
  readonly address: string;
  /** Seconds that were granted. */
  readonly expires: number;
  readonly registeredOn: number;
  readonly nextAttempt: number;
}
