/** The phones of an office as the people see them, whatever phones these are. */
import { type Baresip, registeredBaresip } from "../baresip.ts";
import type { Site } from "./office_network.ts";
import type { Endpoint } from "./sip_socket.ts";

/** A phone with one call at a time. */
export interface OfficePhone extends AsyncDisposable {
  readonly user: string;
  /** Calls a user; resolves when that one has answered. */
  call(user: string): Promise<OfficeCall>;
  /** The next call that comes in, which it answers. */
  nextCall(): Promise<OfficeCall>;
}

export interface OfficeCall {
  /** Resolves when the caller's ACK has come. */
  isConfirmed(): Promise<void>;
  hold(): Promise<void>;
  resume(): Promise<void>;
  /** Resolves when the other side has done that. */
  is(change: "held" | "resumed"): Promise<void>;
  hangUp(): Promise<void>;
  /** Resolves when the other side has hung up. */
  isEnded(): Promise<void>;
}

/** A call is called and held by either side, taken back, and ended by one of them; each step is seen by the other. */
export async function talk(
  caller: OfficePhone,
  callee: OfficePhone,
  { endedBy }: { endedBy: "caller" | "callee" },
): Promise<void> {
  const [out, incoming] = await Promise.all([caller.call(callee.user), callee.nextCall()]);
  await incoming.isConfirmed();
  for (const [holder, held] of [[out, incoming], [incoming, out]]) {
    await Promise.all([holder.hold(), held.is("held")]);
    await Promise.all([holder.resume(), held.is("resumed")]);
  }
  const [last, other] = endedBy === "caller" ? [out, incoming] : [incoming, out];
  await Promise.all([last.hangUp(), other.isEnded()]);
}

export interface BaresipPhoneOptions {
  readonly user: string;
  readonly site: Site;
  readonly server: Endpoint;
  readonly secondsToLive: number;
}

/** A baresip of an office. It does not tell when it is held; the one that holds it hears its 200. */
export class BaresipPhone implements OfficePhone {
  readonly user: string;
  readonly #phone: Baresip;

  private constructor(user: string, phone: Baresip) {
    this.user = user;
    this.#phone = phone;
  }

  static async registered({ user, site, server, secondsToLive }: BaresipPhoneOptions): Promise<BaresipPhone> {
    const { namespace, address } = site;
    const phone = await registeredBaresip({
      user,
      server: server.port,
      secondsToLive,
      site: {
        address,
        serverAddress: server.address,
        commandLine: (command, args) => namespace.commandLine(command, args),
        inside: (open) => namespace.inside(open),
      },
    });
    return new BaresipPhone(user, phone);
  }

  async call(user: string): Promise<OfficeCall> {
    await this.#phone.dial(user);
    await this.#phone.event("CALL_ESTABLISHED");
    return this.#call();
  }

  async nextCall(): Promise<OfficeCall> {
    await this.#phone.event("CALL_INCOMING");
    await this.#phone.accept();
    return this.#call();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#phone.stop();
  }

  #call(): OfficeCall {
    const phone = this.#phone;
    return {
      isConfirmed: async () => void await phone.event("CALL_ESTABLISHED"),
      hold: () => phone.hold(),
      resume: () => phone.resume(),
      is: () => Promise.resolve(),
      hangUp: () => phone.hangUp(),
      isEnded: async () => void await phone.event("CALL_CLOSED"),
    };
  }
}
