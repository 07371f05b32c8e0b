/** §16.6: a request as it is forwarded, but for what only one branch has. */
import type { SipRequest } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import type { BranchRewrite } from "./branch_rewrite.ts";
import { type BranchChanges, forwardedRows, type ForwardingPolicy } from "./forwarded_rows.ts";
import type { ForwardingObserver } from "./forwarding_observer.ts";
import type { Target } from "./target.ts";

/** Returns the changes that the branch to a target makes. Called once for each branch. */
export type RewriteFor = (target: Target) => BranchRewrite | undefined;

export interface RequestTemplateOptions extends ForwardingPolicy {
  /** The flow that the request came by. */
  readonly flow: Flow;
  /** See `LoopDetection`. */
  readonly digest: string;
  /** Route values that are left, top first. */
  readonly routes: readonly string[];
  /** Max-Breadth to share among the branches (RFC 5393 §5.3.3). */
  readonly breadth: number;
  readonly isInDialog: boolean;
  /** See `ForwardOutcome`. */
  readonly staysInPath?: boolean | undefined;
  /** Undefined: all branches go as the template. */
  readonly rewriteFor?: RewriteFor | undefined;
  readonly observers?: readonly ForwardingObserver[] | undefined;
}

const NO_OBSERVERS: readonly ForwardingObserver[] = [];

/** Everything that all branches of a forwarded request share. */
export class RequestTemplate {
  readonly request: SipRequest;
  readonly #options: RequestTemplateOptions;
  #rows: string | undefined;

  constructor(request: SipRequest, options: RequestTemplateOptions) {
    this.request = request;
    this.#options = options;
  }

  get flow(): Flow {
    return this.#options.flow;
  }

  get routes(): readonly string[] {
    return this.#options.routes;
  }

  get breadth(): number {
    return this.#options.breadth;
  }

  get isInDialog(): boolean {
    return this.#options.isInDialog;
  }

  get staysInPath(): boolean {
    return this.#options.staysInPath ?? false;
  }

  get isCallerTrusted(): boolean {
    return this.#options.isCallerTrusted;
  }

  /** See `LoopDetection`. */
  get digest(): string {
    return this.#options.digest;
  }

  get rewriteFor(): RewriteFor | undefined {
    return this.#options.rewriteFor;
  }

  get observers(): readonly ForwardingObserver[] {
    return this.#options.observers ?? NO_OBSERVERS;
  }

  /** Header rows from the first Via on, with the changes of this hop, the empty line and the body. */
  get rows(): string {
    return this.#rows ??= forwardedRows(this.request, this.#options);
  }

  /** Returns `rows` with the changes of one branch. */
  rewritten(changes: BranchChanges): string {
    return forwardedRows(this.request, this.#options, changes);
  }
}
