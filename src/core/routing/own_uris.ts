/** URIs that name this server (§16.4, §16.5). */
import type { Directory } from "../../data/directory.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import type { OwnNames } from "./own_names.ts";

export interface OwnUrisParts {
  readonly transport: Pick<TransportLayer, "isLocalUri" | "hasPort">;
  readonly directory: Pick<Directory, "domain">;
  readonly names: Pick<OwnNames, "has">;
}

export class OwnUris {
  readonly #parts: OwnUrisParts;

  constructor(parts: OwnUrisParts) {
    this.#parts = parts;
  }

  /** Reports whether a URI names this server: by address and port, by a name that leads here, or by a domain it serves. */
  isOurs(uri: SipUri): boolean {
    const { transport, directory } = this.#parts;
    if (uri.nextHost !== uri.host) return this.isAddress(uri);
    if (this.isServer(uri)) return true;
    return directory.domain(uri.host) !== undefined &&
      (uri.port === undefined || transport.hasPort(uri.port));
  }

  /** Reports whether a URI names this server by an address, or by a name that leads here. */
  isServer(uri: SipUri): boolean {
    return this.isAddress(uri) || this.#parts.names.has(uri);
  }

  /** Reports whether requests with this URI are sent to an address of this server. */
  isAddress(uri: SipUri): boolean {
    return this.#parts.transport.isLocalUri(uri);
  }
}
