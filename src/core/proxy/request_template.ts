/** §16.6: a request as it is forwarded, but for what only one branch has. */
import { parseDigestCredentials } from "../../message/digest.ts";
import { Header, type HeaderId } from "../../message/header_name.ts";
import { ROW_STRIDE } from "../../message/header_rows.ts";
import { MessageEdits } from "../../message/message_edits.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import type { BranchRewrite } from "./branch_rewrite.ts";
import type { ForwardingObserver } from "./forwarding_observer.ts";
import { type MessageBody, replaceBody } from "./message_body.ts";
import type { Target } from "./target.ts";

/** Returns the changes that the branch to a target makes. Called once for each branch. */
export type RewriteFor = (target: Target) => BranchRewrite | undefined;

export interface RequestTemplateOptions {
  /** The flow that the request came by. */
  readonly flow: Flow;
  /** See `LoopDetection`. */
  readonly digest: string;
  /** Route values that are left, top first. */
  readonly routes: readonly string[];
  /** Max-Breadth to share among the branches (RFC 5393 §5.3.3). */
  readonly breadth: number;
  readonly isInDialog: boolean;
  /** Whether the caller may assert identities (RFC 3325 §5), and learn those of callees who ask for privacy (§7). */
  readonly isCallerTrusted: boolean;
  /** Header row of credentials that were checked here; -1 for none. */
  readonly credentialsRow: number;
  /** Reports whether Proxy-Authorization for this realm is meant for us: it goes no further (§22.3). */
  ownsRealm(realm: string): boolean;
  /** Undefined: all branches go as the template. */
  readonly rewriteFor?: RewriteFor | undefined;
  readonly observers?: readonly ForwardingObserver[] | undefined;
}

/** Everything that all branches of a forwarded request share. */
export class RequestTemplate {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly routes: readonly string[];
  readonly breadth: number;
  readonly isInDialog: boolean;
  readonly isCallerTrusted: boolean;
  readonly observers: readonly ForwardingObserver[];
  /** See `LoopDetection`. */
  readonly digest: string;
  readonly rewriteFor: RewriteFor | undefined;
  readonly #edits: MessageEdits;
  readonly #added: string;
  #rows: string | undefined;

  constructor(request: SipRequest, options: RequestTemplateOptions) {
    this.request = request;
    this.flow = options.flow;
    this.routes = options.routes;
    this.breadth = options.breadth;
    this.isInDialog = options.isInDialog;
    this.isCallerTrusted = options.isCallerTrusted;
    this.observers = options.observers ?? [];
    this.digest = options.digest;
    this.rewriteFor = options.rewriteFor;
    this.#edits = sharedEdits(request, options);
    this.#added = (request.has(Header.MaxForwards) ? "" : "Max-Forwards: 70\r\n") +
      (request.has(Header.ContentLength) ? "" : `Content-Length: ${request.body.length}\r\n`);
  }

  /** Header rows from the first Via on, with the changes of this hop, the empty line and the body. */
  get rows(): string {
    return this.#rows ??= this.#added + this.#apply(this.#edits);
  }

  /** Returns `rows` with the changes of one branch. */
  rewritten(rewrite: BranchRewrite, body: MessageBody | undefined): string {
    const { request } = this;
    const edits = this.#edits.copy();
    rewriteRows(request, rewrite, edits);
    if (!body) return (rewrite.added ?? "") + this.#added + this.#apply(edits);
    replaceBody(request, edits, { body, bodyEnd: request.bodyEnd });
    const added = request.has(Header.MaxForwards) ? "" : "Max-Forwards: 70\r\n";
    return (rewrite.added ?? "") + added + this.#apply(edits);
  }

  #apply(edits: MessageEdits): string {
    const { text, rows, bodyEnd } = this.request;
    return edits.apply(text, rows[1], bodyEnd);
  }
}

/** Steps 1, 3 and 9: Max-Forwards counted down, our Routes and credentials off, one Content-Length. */
function sharedEdits(request: SipRequest, options: RequestTemplateOptions): MessageEdits {
  const { rows, topVia } = request;
  const edits = new MessageEdits();
  if (request.isViaStamped) edits.replace(topVia.start, topVia.end, request.topViaText);
  const maxForwards = request.rowOf(Header.MaxForwards);
  if (maxForwards >= 0) {
    edits.replace(rows[maxForwards + 2], rows[maxForwards + 3], String(request.maxForwards! - 1));
  }
  edits.removeAll(request, Header.Route);
  const length = request.rowOf(Header.ContentLength);
  for (let row = length; row >= 0; row = request.rowOf(Header.ContentLength, row)) {
    if (row !== length) edits.removeRow(request, row);
  }
  edits.removeAll(request, Header.MaxBreadth);
  if (!options.isCallerTrusted) {
    edits.removeAll(request, Header.PAssertedIdentity);
    edits.removeAll(request, Header.PPreferredIdentity);
    edits.removeAll(request, Header.RemotePartyId);
  }
  removeCredentials(request, Header.ProxyAuthorization, options, edits);
  removeCredentials(request, Header.Authorization, options, edits);
  return edits;
}

/** Removes credentials for realms of ours, and those that were checked: a receiver could call with them. */
function removeCredentials(
  request: SipRequest,
  id: HeaderId,
  { credentialsRow, ownsRealm }: Pick<RequestTemplateOptions, "credentialsRow" | "ownsRealm">,
  edits: MessageEdits,
): void {
  for (let row = request.rowOf(id); row >= 0; row = request.rowOf(id, row)) {
    if (row !== credentialsRow) {
      const credentials = parseDigestCredentials(request.rowValue(row));
      if (credentials && !ownsRealm(credentials.realm)) continue;
    }
    edits.removeRow(request, row);
  }
}

/** Changes header rows for one branch. CSeq is taken out where it is another with each sending. */
function rewriteRows(request: SipRequest, rewrite: BranchRewrite, edits: MessageEdits): void {
  const { removed = [], removedNames, shift } = rewrite;
  const { rows } = request;
  replaceFirst(request, edits, Header.From, rewrite.from);
  replaceFirst(request, edits, Header.To, rewrite.to);
  replaceFirst(request, edits, Header.Contact, rewrite.contact);
  for (const id of removed) edits.removeAll(request, id);
  for (let row = 0; removedNames && row < rows.length; row += ROW_STRIDE) {
    if (removedNames.has(request.rowName(row).toLowerCase())) edits.removeRow(request, row);
  }
  if (!shift) return;
  edits.removeAll(request, Header.CSeq);
  const [, response, cseq, method] = /^(\d+)\s+(\d+)\s+(\S+)$/.exec(request.header(Header.RAck) ?? "") ?? [];
  if (method === undefined) return;
  replaceFirst(request, edits, Header.RAck, `${response} ${Number(cseq) + shift.ofInvite} ${method}`);
}

/** Gives the first row of this name another value, and takes out the others. */
function replaceFirst(
  request: SipRequest,
  edits: MessageEdits,
  id: HeaderId,
  value: string | undefined,
): void {
  let row = value === undefined ? -1 : request.rowOf(id);
  if (value === undefined || row < 0) return;
  edits.replace(request.rows[row + 2], request.rows[row + 3], value);
  while ((row = request.rowOf(id, row)) >= 0) edits.removeRow(request, row);
}
