/** The status of a registration with a gateway. Times are in milliseconds since 1970, 0 for none. */
export interface GatewayRegistrationStatus {
  readonly gwRef: string;
  /** The registrar as configured; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly state: "registering" | "registered" | "failed" | "unregistered";
  /** Status of the last response; 408 or 503 without one (§8.1.3.1); 0 before the first attempt. */
  readonly lastStatus: number;
  /** The reason of a failure; "" for none. */
  readonly reason: string;
  /** `address:port` of the registrar that has our binding; "" for none. */
  readonly address: string;
  /** Granted seconds. */
  readonly expires: number;
  readonly registeredOn: number;
  readonly nextAttempt: number;
}
