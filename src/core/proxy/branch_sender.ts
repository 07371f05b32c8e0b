/** §16.6 for one target: builds the request of a branch and sends it, by its flow or to its next hop (step 7). */
import { SipUri } from "../../message/sip_uri.ts";
import { logger } from "../../runtime/log.ts";
import type { TransactionLayer } from "../../transaction/transaction_layer.ts";
import {
  type ClientTransaction,
  type OutgoingRequest,
  wholeText,
} from "../../transaction/transaction_user.ts";
import type { Destination, NextHop } from "../../transport/dns/destination.ts";
import type { Flow } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import type { NodeRoutes } from "../cluster/node_route.ts";
import { FAILOVER_PATIENCE } from "../endpoint_attempts.ts";
import { attempt, waitFor } from "./bounded_wait.ts";
import type { Branch, ChallengeHandler } from "./branch.ts";
import { BranchRequest } from "./branch_request.ts";
import { type BranchRewrite, hasSequenceNumber } from "./branch_rewrite.ts";
import type { CSeqShift } from "./cseq_shift.ts";
import { Failover, type FailoverParts, NODE_PATIENCE } from "./failover.ts";
import type { MessageBody } from "./message_body.ts";
import { nextHopOf } from "./next_hop.ts";
import { BEGINS_DIALOGS, type RecordRoutes } from "./record_route.ts";
import type { RequestTemplate } from "./request_template.ts";
import { uriOf } from "./route_preprocessing.ts";
import type { Target } from "./target.ts";

export interface BranchSenderParts {
  readonly transactions: TransactionLayer;
  readonly transport: TransportLayer;
  readonly recordRoutes: RecordRoutes;
  /** Absent where no other node shares our bindings. */
  readonly nodeRoutes: NodeRoutes | undefined;
}

/** Bytes a request may have to go by UDP where nobody asked for UDP: the path's MTU is not known (§18.1.1). */
const MAX_UDP_REQUEST_BYTES = 1300;

/** Milliseconds that a look-up of a next hop, or a rewrite of a body, may take. */
const MAX_WAIT_MS = 32_000;

const log = logger("proxy");

/** A branch with all that is sent on it. */
interface Sent {
  readonly template: RequestTemplate;
  readonly branch: Branch;
  readonly request: BranchRequest;
}

export class BranchSender {
  readonly #parts: BranchSenderParts;

  constructor(parts: BranchSenderParts) {
    this.#parts = parts;
  }

  /** Sends the request of a branch; the branch hears of everything that follows, a mistake of ours included. */
  send(template: RequestTemplate, branch: Branch): void {
    try {
      this.#sendWithBody(template, branch);
    } catch (error) {
      log.error("Cannot forward: {error}", { error });
      branch.fail(500);
    }
  }

  #sendWithBody(template: RequestTemplate, branch: Branch): void {
    if (!branch.rewrite?.requestBody) return this.#send(template, branch, undefined);
    this.#sendRewritten(template, branch, branch.rewrite);
  }

  #sendRewritten(template: RequestTemplate, branch: Branch, rewrite: BranchRewrite): void {
    const body = attempt(() => rewrite.requestBody?.(template.request));
    if (!(body instanceof Promise)) return this.#send(template, branch, body);
    branch.wait = waitFor(body, {
      maxMs: MAX_WAIT_MS,
      timer: (callback) => this.#parts.transactions.timer(callback),
      onValue: (body) => this.#send(template, branch, body),
      onFailure: () => branch.fail(500, "The body could not be rewritten"),
    });
  }

  #send(template: RequestTemplate, branch: Branch, body: MessageBody | undefined): void {
    const { target, breadth, rewrite } = branch;
    const routes = this.#routesOf(target, template);
    const request = new BranchRequest(template, {
      requestUri: target.requestUri,
      routes,
      breadth,
      rewrite,
      body,
    });
    const sent: Sent = { template, branch, request };
    const flow = flowTo(target);
    if (flow) {
      branch.challenges = this.#challengesOf(sent, undefined);
      return branch.begin(this.#parts.transactions.request(this.#outgoing(sent, flow), branch));
    }
    const hop = target.hop ?? hopOf(routes.length > 0 ? uriOf(routes[0]) : target.requestUri);
    if (!hop) return branch.fail(503, "No next hop");
    this.#sendToHop(hop, sent);
  }

  #sendToHop(hop: NextHop, sent: Sent): void {
    const { branch } = sent;
    const located = this.#parts.transport.locator.locate(hop);
    if (!(located instanceof Promise)) return this.#sendToFirst(located, hop, sent);
    branch.wait = waitFor(located, {
      maxMs: MAX_WAIT_MS,
      timer: (callback) => this.#parts.transactions.timer(callback),
      onValue: (destinations) => this.#sendToFirst(destinations, hop, sent),
      onFailure: () => branch.fail(500),
    });
  }

  /** Sends to the first of the destinations that takes the request. */
  #sendToFirst(destinations: readonly Destination[], hop: NextHop, sent: Sent): void {
    const { branch } = sent;
    const failover = new Failover(this.#failoverParts(sent), branch, destinations);
    branch.challenges = this.#challengesOf(sent, failover);
    if (!failover.next()) branch.fail(503, this.#parts.transport.locator.whyNowhere(hop));
  }

  /** Routes to the node that has the device, then as the device said (RFC 3327 §5.5), then what was left of the request's. */
  #routesOf({ remoteFlow, routes }: Target, template: RequestTemplate): readonly string[] {
    const toNode = remoteFlow && this.#parts.nodeRoutes?.routeFor(template.request, remoteFlow);
    if (toNode === undefined && routes.length === 0) return template.routes;
    return [...toNode === undefined ? [] : [toNode], ...routes, ...template.routes];
  }

  #failoverParts(sent: Sent): FailoverParts {
    const { transport, transactions } = this.#parts;
    const isForNode = sent.branch.target.remoteFlow !== undefined && sent.request.method === "INVITE";
    return {
      locator: transport.locator,
      patienceMs: (isForNode ? NODE_PATIENCE : FAILOVER_PATIENCE) * transactions.timers.t1,
      isLastWatched: isForNode,
      timer: (callback) => transactions.timer(callback),
      send: ({ destination, isFallback }, attempts, user) => {
        const flow = transport.flowTo(destination);
        if (!flow) return undefined;
        const outgoing = this.#outgoing(sent, flow);
        const isLarge = flow.protocol === "udp" && wholeText(outgoing).length > MAX_UDP_REQUEST_BYTES;
        if (!isLarge || isFallback || destination.isTransportFixed) {
          return transactions.request(outgoing, user);
        }
        const reliable = transport.flowTo({ ...destination, protocol: "tcp" });
        if (!reliable) return transactions.request(outgoing, user);
        attempts.addFallback(destination);
        return transactions.request(this.#outgoing(sent, reliable), user);
      },
    };
  }

  /** Returns who answers challenges on a branch to a gateway; the next attempt goes where the challenge came from. */
  #challengesOf(sent: Sent, failover: Failover | undefined): ChallengeHandler | undefined {
    const { rewrite } = sent.request;
    return rewrite?.shift ? this.#challengesAt(sent, { rewrite, shift: rewrite.shift, failover }) : undefined;
  }

  #challengesAt(
    sent: Sent,
    { rewrite, shift, failover }: {
      rewrite: BranchRewrite;
      shift: CSeqShift;
      failover: Failover | undefined;
    },
  ): ChallengeHandler {
    const { request, branch, template: { request: { cseq } } } = sent;
    const { method, body } = request;
    const { challenged } = rewrite;
    return {
      onAccepted: (flow) => challenged?.onAccepted(flow),
      retry: (response, flow) => {
        const uri = branch.target.requestUri;
        const authorization = challenged?.answer(response, { method, uri, body }, flow);
        if (authorization?.kind !== "granted") {
          return authorization?.reason ?? "nobody answers for it any more";
        }
        shift.raise(cseq);
        if (!hasSequenceNumber({ cseq, method }, rewrite)) return "there is no higher CSeq";
        const outgoing = this.#outgoing(sent, openFlow(flow), authorization.lines);
        this.#sendAgain(branch, failover, outgoing);
        return undefined;
      },
    };
  }

  #sendAgain(branch: Branch, failover: Failover | undefined, outgoing: OutgoingRequest): void {
    const { transactions } = this.#parts;
    if (failover) return failover.again((user): ClientTransaction => transactions.request(outgoing, user));
    branch.begin(transactions.request(outgoing, branch));
  }

  #outgoing(sent: Sent, flow: Flow, credentials?: string): OutgoingRequest {
    const recordRoute = this.#recordRoute(sent, flow);
    const sentBy = this.#parts.transport.sentBy(flow);
    return sent.request.outgoing({ flow, sentBy, recordRoute, credentials });
  }

  #recordRoute({ template, branch }: Sent, outgoing: Flow): string {
    const { request, flow: incoming, isInDialog, observers, staysInPath } = template;
    if (isInDialog || !BEGINS_DIALOGS.has(request.method)) return "";
    const { target, rewrite } = branch;
    const annotations = rewrite?.annotations ?? "";
    const path = { request, incoming, outgoing, target, annotations, staysInPath };
    const entries = this.#parts.recordRoutes.entriesFor(path);
    if (!entries) return "";
    branch.token = entries.token;
    for (let i = 0; i < observers.length; i++) observers[i].onRecordRoute?.(entries.token, target, outgoing);
    return entries.lines;
  }
}

/** Returns the flow of a target, on a new connection where its own is closed and it takes new ones. */
function flowTo({ flow, listeningPort }: Target): Flow | undefined {
  if (!flow || flow.isOpen || listeningPort === undefined) return flow;
  return flow.transport.flowTo(flow.remoteAddress, listeningPort);
}

/** Returns the same way, on a new connection where ours was closed behind the challenge. */
function openFlow(flow: Flow): Flow {
  if (flow.isOpen || flow.isInbound) return flow;
  return flow.transport.flowTo(flow.remoteAddress, flow.remotePort, flow.domain);
}

function hopOf(uri: string | undefined): NextHop | undefined {
  const parsed = uri === undefined ? undefined : SipUri.parse(uri);
  return parsed && nextHopOf(parsed);
}
