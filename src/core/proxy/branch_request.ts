/** The request of one branch: the template with what its target needs (§16.6 steps 2, 4, 6 and 8). */
import type { OutgoingRequest } from "../../transaction/transaction_user.ts";
import { SipUri } from "../../message/sip_uri.ts";
import type { Flow } from "../../transport/transport.ts";
import type { BranchRewrite } from "./branch_rewrite.ts";
import { newBranch } from "./loop_detection.ts";
import type { MessageBody } from "./message_body.ts";
import type { RequestTemplate } from "./request_template.ts";
import { uriOf } from "./route_preprocessing.ts";

export interface BranchRequestOptions {
  /** The Request-URI of the target. */
  readonly requestUri: string;
  /** Route values, top first. */
  readonly routes: readonly string[];
  readonly breadth: number;
  readonly rewrite?: BranchRewrite | undefined;
  readonly body?: MessageBody | undefined;
}

/** Options of one transmission. */
export interface Sending {
  readonly flow: Flow;
  /** `host:port` of ours for the Via. */
  readonly sentBy: string;
  /** Record-Route lines, each ended by CRLF, or "". */
  readonly recordRoute: string;
  /** Header lines that answer challenges, each ended by CRLF, or "". */
  readonly credentials?: string;
}

export class BranchRequest {
  readonly method: string;
  readonly rewrite: BranchRewrite | undefined;
  readonly #template: RequestTemplate;
  readonly #options: BranchRequestOptions;
  /** Header rows from the caller's first Via on, and the body. */
  readonly #rows: string;
  /** Whether all branches have these rows, which are kept once then. */
  readonly #isShared: boolean;

  constructor(template: RequestTemplate, options: BranchRequestOptions) {
    const { rewrite, body } = options;
    const { request } = template;
    this.#template = template;
    this.#options = options;
    this.method = request.method;
    this.rewrite = rewrite;
    this.#isShared = !rewrite && !body;
    this.#rows = this.#isShared ? template.rows : template.rewritten({ rewrite, body });
  }

  /** The body that is sent. */
  get body(): string {
    return this.#options.body?.text ?? this.#template.request.body;
  }

  /** Returns the request to send by a flow, in a client transaction of its own. */
  outgoing(sending: Sending): OutgoingRequest {
    const branch = newBranch(this.#template.digest);
    const head = this.#head(branch, sending);
    const { method } = this;
    const { flow } = sending;
    if (this.#isShared) return { text: head, tail: this.#rows, method, branch, flow };
    return { text: head + this.#rows, method, branch, flow };
  }

  #head(branch: string, { flow, sentBy, recordRoute, credentials = "" }: Sending): string {
    const { breadth, rewrite, routes: allRoutes } = this.#options;
    const wanted = rewrite?.requestUri ?? this.#options.requestUri;
    const { requestUri, routes } = allRoutes.length === 0
      ? { requestUri: wanted, routes: allRoutes }
      : repairForStrictRouter(wanted, allRoutes);
    let head = `${this.method} ${requestUri}${viaStart(flow.protocol, sentBy)}${branch}` +
      `${flow.domain === undefined ? ";rport\r\n" : ";rport;alias\r\n"}${recordRoute}`;
    for (let i = 0; i < routes.length; i++) head += `Route: ${routes[i]}\r\n`;
    return `${head}${breadthLine(breadth)}${credentials}${this.#sequenceLine()}`;
  }

  /** Returns the CSeq line where the branch has numbers of its own; else it stays where it came. */
  #sequenceLine(): string {
    const shift = this.rewrite?.shift;
    if (!shift) return "";
    const { method, cseq } = this.#template.request;
    return `CSeq: ${shift.numberOf(method, cseq)} ${method}\r\n`;
  }
}

let lastVia = { protocol: "", sentBy: "", text: "" };

/** Returns the end of the request line and the Via as far as its branch: nearly every request has those of the one before. */
function viaStart(protocol: string, sentBy: string): string {
  if (lastVia.sentBy !== sentBy || lastVia.protocol !== protocol) {
    const text = ` SIP/2.0\r\nVia: SIP/2.0/${protocol.toUpperCase()} ${sentBy};branch=`;
    lastVia = { protocol, sentBy, text };
  }
  return lastVia.text;
}

let lastBreadth = { breadth: -1, line: "" };

function breadthLine(breadth: number): string {
  if (lastBreadth.breadth !== breadth) lastBreadth = { breadth, line: `Max-Breadth: ${breadth}\r\n` };
  return lastBreadth.line;
}

/** Step 6: a first Route without `lr` is a strict router, which wants itself in the Request-URI. */
function repairForStrictRouter(
  requestUri: string,
  routes: readonly string[],
): { requestUri: string; routes: readonly string[] } {
  const first = routes.length > 0 ? uriOf(routes[0]) : undefined;
  if (first === undefined || isLooseRouter(first)) return { requestUri, routes };
  return { requestUri: first, routes: [...routes.slice(1), `<${requestUri}>`] };
}

function isLooseRouter(route: string): boolean {
  return SipUri.parse(route)?.parameter("lr") !== undefined;
}
