/** What strangers may do before they are silenced (`spec.access`). */
export interface AccessSettings {
  /** False: nobody is limited or banned. */
  readonly isOn: boolean;
  /** Networks that are neither limited nor banned. */
  readonly trusted: readonly string[];
  /** Messages a second that an address may send which nobody has served, on average and at once. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** Messages a second that all addresses together may send of which no device is known. */
  readonly strangersPerSecond: number;
  readonly ban: BanSettings;
  /** Wrong passwords an hour for one account, whoever sends them, before tries are slowed. */
  readonly failuresPerAccountPerHour: number;
  /** Where else banned addresses are kept out. */
  readonly firewall: "none" | "nftables";
  /** Parts of the User-Agent of scanners, in lower case. */
  readonly scanners: readonly string[];
}

export interface BanSettings {
  /** So many points ban an address; as many are forgiven within `windowSeconds`. */
  readonly points: number;
  readonly windowSeconds: number;
  /** The first ban; each further one lasts twice as long, `maxSeconds` at most. */
  readonly seconds: number;
  readonly maxSeconds: number;
}
