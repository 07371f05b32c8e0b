/** `routr login URL` and `routr logout`. */
import { findTrust, type ProcessContext } from "../access.ts";
import { AccessFile } from "../access_file.ts";
import { ApiClient, type ServiceAccess } from "../api_client.ts";
import { isLoopback, readApiUrl } from "../api_url.ts";
import type { ClientCommand, ClientOptions } from "../client_command.ts";
import { ApiError, CertificateError, ClientError } from "../client_error.ts";
import { shownCertificate } from "../http_connection.ts";
import type { Terminal } from "../terminal.ts";
import { certificatesIn, fingerprintOf, isSameCertificate, isSelfSigned, type Trust } from "../trust.ts";

/** Logs in. Asks whether to trust a server with an unknown signer, and keeps the answer. */
export async function login(
  { operands: [urlText], options }: ClientCommand,
  context: ProcessContext,
  terminal: Terminal,
): Promise<void> {
  const apiUrl = readApiUrl(urlText);
  const url = new URL(apiUrl);
  if (url.protocol === "http:" && !isLoopback(url)) {
    terminal.warn("Warning: name and secret go to the service unencrypted");
  }
  const file = new AccessFile(context.env);
  const before = await file.read().catch(() => undefined);
  const known = before?.apiUrl === apiUrl ? before.certificate : undefined;
  const trust = await findTrust(apiUrl, { options, context, kept: known });
  const accepted = trust.isInsecure
    ? await shownForLater(apiUrl, terminal)
    : await newlyTrusted(apiUrl, trust, { known, terminal });

  const { user, secret } = await readCredentials(options, { context, terminal });
  const pinned = accepted === undefined ? trust.pinned : [accepted];
  const token = await issueToken({ apiUrl, token: undefined, trust: { ...trust, pinned } }, user, secret);
  const certificate = accepted ?? trust.authorities ?? known;
  await file.write({ apiUrl, token, ...certificate !== undefined && { certificate } });
  terminal.print(`Logged in to ${apiUrl} as ${user}`);
}

export async function logout({ env }: ProcessContext, terminal: Terminal): Promise<void> {
  terminal.print(await new AccessFile(env).remove() ? "Logged out" : "Nobody was logged in");
}

/** Returns a certificate to trust from now on; undefined when none is needed. */
async function newlyTrusted(
  apiUrl: string,
  trust: Trust,
  { known, terminal }: { known: string | undefined; terminal: Terminal },
): Promise<string | undefined> {
  const refusal = await refusalOf(apiUrl, trust);
  if (refusal === undefined) return undefined;
  if (!refusal.isSignerUnknown || !terminal.isInteractive || trust.authorities !== undefined) throw refusal;
  const url = new URL(apiUrl);
  const certificate = await shownCertificate(url);
  if (!isSelfSigned(certificate)) throw refusal;
  if (known !== undefined && !certificatesIn(known).some((each) => isSameCertificate(each, certificate))) {
    terminal.warn("Warning: the certificate is another than at the last login. Somebody may be in between.");
  }
  terminal.warn(
    `The certificate of ${url.origin} is signed by itself. Its fingerprint (SHA-256) is\n  ${
      fingerprintOf(certificate)
    }`,
  );
  const answer = await terminal.ask("Trust it from now on? (yes/no) ");
  if (!/^y(?:es)?$/i.test(answer.trim())) throw refusal;
  return certificate;
}

/** Returns the certificate of an insecure login, which later commands expect; undefined when it cannot be pinned. */
async function shownForLater(apiUrl: string, terminal: Terminal): Promise<string | undefined> {
  const url = new URL(apiUrl);
  if (url.protocol !== "https:") return undefined;
  const certificate = await shownCertificate(url);
  if (await refusalOf(apiUrl, { isInsecure: false, pinned: [certificate] }) !== undefined) {
    terminal.warn("Later commands need --insecure as well, or --cacert with who has signed the certificate");
    return undefined;
  }
  terminal.warn(`Later commands expect this certificate (SHA-256):\n  ${fingerprintOf(certificate)}`);
  return certificate;
}

/** Returns the error of an untrusted server. Sends a request without secrets. */
async function refusalOf(apiUrl: string, trust: Trust): Promise<CertificateError | undefined> {
  using client = new ApiClient({ apiUrl, token: undefined, trust });
  try {
    await client.get("/system/status");
  } catch (error) {
    if (error instanceof CertificateError) return error;
    // Early services refuse requests without credentials.
    if (!(error instanceof ApiError)) throw error;
  }
  return undefined;
}

async function readCredentials(
  { user, secret }: ClientOptions,
  { context: { env }, terminal }: { context: ProcessContext; terminal: Terminal },
): Promise<{ user: string; secret: string }> {
  const given = secret ?? env.ROUTR_SECRET;
  if (!terminal.isInteractive && (!user || given === undefined)) {
    const message = user
      ? "The secret is missing: -p SECRET, or $ROUTR_SECRET"
      : "The user is missing: -u USER";
    throw new ClientError(message, { exitStatus: 2 });
  }
  return {
    user: user || await terminal.ask("User: "),
    secret: given ?? await terminal.askSecret("Secret: "),
  };
}

async function issueToken(access: ServiceAccess, user: string, secret: string): Promise<string> {
  using client = new ApiClient(access);
  try {
    return await client.issueToken(user, secret);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) throw new ClientError("Wrong user or secret");
    throw error;
  }
}
