/** A phone made with JsSIP. */
import { UA, WebSocketInterface } from "jssip";
import { countReceivedPackets, type PageAccount, type PagePhone, type Report } from "./page_phone.ts";

type Session = ReturnType<UA["call"]>;

const media = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };

export class JsSipPhone implements PagePhone {
  readonly #userAgent: UA;
  readonly #domain: string;
  readonly #report: Report;
  #session: Session | undefined;
  /** The call before the last one. */
  #waiting: Session | undefined;

  constructor({ server, user, domain, password }: PageAccount, report: Report) {
    this.#domain = domain;
    this.#report = report;
    this.#userAgent = new UA({
      sockets: [new WebSocketInterface(server)],
      uri: `sip:${user}@${domain}`,
      password,
      register_expires: 120,
    });
    this.#userAgent.on(
      "registered",
      ({ response }) => report("registered", `${response.getHeaders("Contact").length}`),
    );
    this.#userAgent.on(
      "registrationFailed",
      ({ response }) => report("registrationFailed", statusOf(response)),
    );
    this.#userAgent.on("newRTCSession", ({ session }: { session: Session }) => this.#follow(session));
    this.#userAgent.on(
      "newMessage",
      ({ originator, request }: { originator: string; request: { body: string } }) => {
        if (originator === "remote") report("message", request.body);
      },
    );
  }

  start(): Promise<void> {
    this.#userAgent.start();
    return Promise.resolve();
  }

  call(user: string): Promise<void> {
    this.#userAgent.call(`sip:${user}@${this.#domain}`, media);
    return Promise.resolve();
  }

  answer(): Promise<void> {
    this.#current.answer(media);
    return Promise.resolve();
  }

  hangUp(): Promise<void> {
    this.#current.terminate();
    return Promise.resolve();
  }

  hold(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#current.hold({}, resolve)) reject(new Error("JsSIP cannot hold the call now"));
    });
  }

  resume(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#current.unhold({}, resolve)) reject(new Error("JsSIP cannot resume the call now"));
    });
  }

  join(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#waiting) return reject(new Error("There are no two calls"));
      this.#waiting.refer(this.#current.remote_identity.uri, {
        replaces: this.#current,
        eventHandlers: {
          accepted: () => resolve(),
          failed: () => reject(new Error("The transfer failed")),
          requestFailed: () => reject(new Error("The transfer was refused")),
        },
      });
    });
  }

  message(user: string, text: string): Promise<number> {
    return new Promise((resolve) => {
      this.#userAgent.sendMessage(`sip:${user}@${this.#domain}`, text, {
        eventHandlers: {
          succeeded: (event: { response: { status_code: number } }) => resolve(event.response.status_code),
          failed: ({ response }) => resolve(response?.status_code ?? 0),
        },
      });
    });
  }

  receivedPackets(): Promise<number> {
    return countReceivedPackets(this.#session?.connection);
  }

  get #current(): Session {
    if (!this.#session) throw new Error("There is no call");
    return this.#session;
  }

  #follow(session: Session): void {
    this.#waiting = this.#session;
    this.#session = session;
    session.on("refer", ({ accept }) => accept(() => {}, { ...media }));
    session.on("replaces", ({ accept }) => accept((joined: Session) => joined.answer(media)));
    if (session.direction === "incoming") this.#report("incoming", session.remote_identity.uri.user);
    session.on("progress", (event: { originator: string; response?: Response }) => {
      if (event.originator === "remote") this.#report("ringing", statusOf(event.response));
    });
    session.on("confirmed", () => this.#report("established"));
    session.on("hold", ({ originator }) => originator === "remote" && this.#report("held"));
    session.on("unhold", ({ originator }) => originator === "remote" && this.#report("resumed"));
    session.on("ended", (event) => this.#report("closed", endOf(event)));
    session.on("failed", (event) => this.#report("closed", endOf(event)));
  }
}

interface Response {
  readonly status_code: number;
  readonly reason_phrase: string;
}

function statusOf(response: Response | undefined | null): string {
  return response ? `${response.status_code} ${response.reason_phrase}` : "no response";
}

function endOf(
  { originator, message, cause }: { originator: string; message: object | null; cause: string },
): string {
  if (originator === "local") return "local";
  if (message && "status_code" in message) return statusOf(message as Response);
  return message && "method" in message ? String(message.method) : cause;
}
