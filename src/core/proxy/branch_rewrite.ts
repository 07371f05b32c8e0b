/** Branch rewrites: what a request is on one branch where it differs from what came (§16.6). */
import type { HeaderId } from "../../message/header_name.ts";
import type { HeaderRows } from "../../message/header_rows.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import type { Eventually } from "../../runtime/eventually.ts";
import type { Flow } from "../../transport/transport.ts";
import type { CSeqShift } from "./cseq_shift.ts";
import type { MessageBody } from "./message_body.ts";

/**
 * The changes of one branch. Each branch has its own rewrite: responses are changed back by it, and challenges answered
 * by it. Undefined values leave the request as it came.
 */
export interface BranchRewrite {
  /** Value of From. */
  readonly from?: string;
  /** The Request-URI; undefined: that of the target. */
  readonly requestUri?: string;
  /** Value of To. */
  readonly to?: string;
  /** Value of Contact. */
  readonly contact?: string;
  /** Header fields taken out. */
  readonly removed?: readonly HeaderId[];
  /** Header fields taken out, by names in lower case; compact forms are names of their own. */
  readonly removedNames?: ReadonlySet<string>;
  /** Header lines put in, each ended by CRLF. */
  readonly added?: string;
  /** Set where the branch has sequence numbers of its own. */
  readonly shift?: CSeqShift;
  /** Annotations of our flow token, for requests within the dialog; "" for none. Read when the request is sent. */
  readonly annotations?: string;
  /** Answers challenges; where there is a shift without it, a challenged request fails. */
  readonly challenged?: ChallengedUser;
  /** Returns the Contact of a response as the caller gets it. */
  answererContact?(response: HeaderRows): string | undefined;
  /**
   * Returns the body to send on this branch, at once or later; undefined leaves it as it came. The branch fails with 500
   * when it throws, rejects or takes too long.
   */
  requestBody?(request: SipRequest): Eventually<MessageBody | undefined>;
  /**
   * Returns the body of a response other than 100 as the caller gets it, at once or later; undefined leaves it as it came.
   * Responses of a branch stay in their order. Asked again for a 2xx that is repeated, and has to give the same body then.
   * A call that was answered with a body that cannot be rewritten is hung up.
   */
  responseBody?(response: SipResponse): Eventually<MessageBody | undefined>;
}

/** Header lines with credentials, each ended by CRLF; or why there are none. */
export type Authorization =
  | { readonly kind: "granted"; readonly lines: string }
  | { readonly kind: "refused"; readonly reason: string };

/** Answers the challenges of a gateway for the caller (§22.3). */
export interface ChallengedUser {
  /** Returns credentials for the challenge that came by this flow. */
  answer(
    response: SipResponse,
    request: { method: string; uri: string; body: string },
    flow: Flow,
  ): Authorization;
  /** The gateway went on with the request, by this flow. */
  onAccepted(flow: Flow): void;
}

/** Reports whether a branch has a sequence number for the request (§8.1.1.5). */
export function hasSequenceNumber(
  { cseq, method }: Pick<SipRequest, "cseq" | "method">,
  rewrite: BranchRewrite | undefined,
): boolean {
  return rewrite?.shift?.hasNumberFor(method, cseq) ?? true;
}
