/** A phone made with SIP.js. */
import {
  type Invitation,
  Inviter,
  Messager,
  Registerer,
  type Session,
  SessionState,
  SIPExtension,
  UserAgent,
  Web,
} from "sip.js";
import { countReceivedPackets, type PageAccount, type PagePhone, type Report } from "./page_phone.ts";

const media = { constraints: { audio: true, video: false } };

export class SipJsPhone implements PagePhone {
  readonly #userAgent: UserAgent;
  readonly #registerer: Registerer;
  readonly #domain: string;
  readonly #report: Report;
  #session: Session | undefined;
  /** The call before the last one. */
  #waiting: Session | undefined;
  #invitation: Invitation | undefined;

  constructor({ server, user, domain, password }: PageAccount, report: Report) {
    this.#domain = domain;
    this.#report = report;
    this.#userAgent = new UserAgent({
      uri: uriOf(user, domain),
      authorizationUsername: user,
      authorizationPassword: password,
      transportOptions: { server },
      sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] } },
      sipExtensionReplaces: SIPExtension.Supported,
      logLevel: "warn",
      delegate: {
        onInvite: (invitation) => this.#ring(invitation),
        onMessage: (message) => {
          report("message", message.request.body);
          message.accept();
        },
      },
    });
    this.#registerer = new Registerer(this.#userAgent, { expires: 120 });
  }

  async start(): Promise<void> {
    await this.#userAgent.start();
    await this.#registerer.register({
      requestDelegate: {
        onAccept: ({ message }) => this.#report("registered", `${message.getHeaders("Contact").length}`),
        onReject: ({ message }) => this.#report("registrationFailed", statusOf(message)),
      },
    });
  }

  async call(user: string): Promise<void> {
    const inviter = new Inviter(this.#userAgent, uriOf(user, this.#domain), {
      sessionDescriptionHandlerOptions: media,
    });
    let end = "local";
    this.#follow(inviter, () => end);
    await inviter.invite({
      requestDelegate: {
        onProgress: ({ message }) => this.#report("ringing", statusOf(message)),
        onReject: ({ message }) => end = statusOf(message),
      },
    });
  }

  async answer(): Promise<void> {
    if (!this.#invitation) throw new Error("Nobody is calling");
    await this.#invitation.accept({ sessionDescriptionHandlerOptions: media });
  }

  async hangUp(): Promise<void> {
    const session = this.#current;
    if (session.state === SessionState.Established) await session.bye();
    else if (session instanceof Inviter) await session.cancel();
    else await this.#invitation?.reject();
  }

  hold(): Promise<void> {
    return this.#offerAgain({ hold: true });
  }

  resume(): Promise<void> {
    return this.#offerAgain({ hold: false });
  }

  join(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#waiting) return reject(new Error("There are no two calls"));
      this.#waiting.refer(this.#current, {
        requestDelegate: { onReject: ({ message }) => reject(new Error(statusOf(message))) },
        onNotify: (notification) => {
          notification.accept();
          const { body } = notification.request;
          if (body.startsWith("SIP/2.0 200")) resolve();
          else if (!body.startsWith("SIP/2.0 1")) reject(new Error(body));
        },
      }).catch(reject);
    });
  }

  async message(user: string, text: string): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    await new Messager(this.#userAgent, uriOf(user, this.#domain), text).message({
      requestDelegate: {
        onAccept: ({ message }) => resolve(message.statusCode ?? 0),
        onReject: ({ message }) => resolve(message.statusCode ?? 0),
      },
    });
    return await promise;
  }

  receivedPackets(): Promise<number> {
    const handler = this.#session?.sessionDescriptionHandler;
    return countReceivedPackets(
      handler instanceof Web.SessionDescriptionHandler ? handler.peerConnection : undefined,
    );
  }

  get #current(): Session {
    if (!this.#session) throw new Error("There is no call");
    return this.#session;
  }

  #ring(invitation: Invitation): void {
    this.#invitation = invitation;
    this.#follow(invitation, () => "local");
    this.#report("incoming", invitation.remoteIdentity.uri.user);
    if (invitation.replacee) this.answer();
  }

  /** `localEnd` is asked when neither BYE nor CANCEL has ended the call. */
  #follow(session: Session, localEnd: () => string): void {
    this.#waiting = this.#session;
    this.#session = session;
    let end: string | undefined;
    session.delegate = {
      onBye: (bye) => {
        end = "BYE";
        bye.accept();
      },
      onCancel: () => end = "CANCEL",
      onRefer: (referral) => {
        const inviter = referral.makeInviter({ sessionDescriptionHandlerOptions: media });
        this.#follow(inviter, () => "local");
        referral.accept().then(() => inviter.invite());
      },
      onInvite: ({ body }) => this.#report(/^a=(sendonly|inactive)/m.test(body) ? "held" : "resumed"),
    };
    session.stateChange.addListener((state) => {
      if (state === SessionState.Established) this.#report("established");
      if (state !== SessionState.Terminated) return;
      // A refusal is told to `invite` after the state has changed.
      queueMicrotask(() => this.#report("closed", end ?? localEnd()));
    });
  }

  #offerAgain({ hold }: { hold: boolean }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#current.invite({
        sessionDescriptionHandlerOptions: { ...media, hold } as Web.SessionDescriptionHandlerOptions,
        requestDelegate: {
          onAccept: () => resolve(),
          onReject: ({ message }) => reject(new Error(statusOf(message))),
        },
      }).catch(reject);
    });
  }
}

function uriOf(user: string, domain: string) {
  const uri = UserAgent.makeURI(`sip:${user}@${domain}`);
  if (!uri) throw new TypeError(`Cannot make a URI of user "${user}" and domain "${domain}"`);
  return uri;
}

function statusOf({ statusCode, reasonPhrase }: { statusCode?: number; reasonPhrase?: string }): string {
  return `${statusCode} ${reasonPhrase}`;
}
