/** Calls that this server ends of its own accord: a BYE to both ends (§15), or a CANCEL before the answer. */
import type { Answer } from "../answer.ts";
import type { Dialog, DialogSide } from "../dialogs/dialog.ts";
import type { Dialogs } from "../dialogs/dialogs.ts";
import { byeText } from "../dialogs/dialog_bye.ts";
import { parseMessage } from "../../message/parser.ts";
import { logger } from "../../runtime/log.ts";
import type { DialogRoutes } from "../proxy/dialog_route.ts";
import type { ForwardingObserver } from "../proxy/forwarding_observer.ts";
import type { ProxyCore } from "../proxy/proxy_core.ts";
import type { BranchRewrites } from "../trunk/branch_rewrites.ts";

export interface CallEndingParts {
  readonly dialogs: Pick<Dialogs, "table" | "access">;
  readonly dialogRoutes: Pick<DialogRoutes, "routeTo">;
  readonly rewrites: Pick<BranchRewrites, "withinDialog">;
  readonly proxy: Pick<ProxyCore, "originate" | "calls">;
}

/** Why a call is ended, as its ends hear it. */
export interface EndingWords {
  /** The `cause` of a Reason with the protocol SIP (RFC 3326). */
  readonly status: number;
  readonly text: string;
}

const SIDES: readonly DialogSide[] = ["caller", "callee"];

const log = logger("calls");

export class CallEnding {
  readonly #parts: CallEndingParts;

  constructor(parts: CallEndingParts) {
    this.#parts = parts;
  }

  /** Ends the dialogs of an answered call. What its ends send from now on is of no dialog. */
  hangUp(dialogs: readonly Dialog[], words: EndingWords): void {
    const { table } = this.#parts.dialogs;
    for (const dialog of dialogs) {
      if (!table.has(dialog) || !dialog.isCall) continue;
      for (const side of SIDES) this.#sendBye(dialog, side, words);
      dialog.isCall = false;
      table.release(dialog);
    }
  }

  /** Ends a call before its answer. */
  cancel(call: ForwardingObserver, { status, text }: EndingWords): void {
    const answer: Answer = { status: 480, reason: text };
    this.#parts.proxy.calls.abort(call, answer, reasonLine({ status, text }));
  }

  /** Sends a BYE to one end, as the other end would: gateways get the numbers, names and credentials that they know. */
  #sendBye(dialog: Dialog, to: DialogSide, words: EndingWords): void {
    const { dialogs, dialogRoutes, rewrites, proxy } = this.#parts;
    const receiver = dialog[to];
    const routes = receiver.routeValues;
    const text = byeText(dialog, to, reasonLine(words));
    const request = text === undefined ? undefined : parseMessage(text);
    const route = dialogs.access.presentRoute(dialogRoutes.routeTo(to, dialog.flowToken), receiver, routes);
    if (request?.kind !== "request" || !route.flow) {
      return log.debug("Cannot send a BYE to the {side} of a call: there is no way to it", { side: to });
    }
    proxy.originate(request, {
      requestUri: receiver.target,
      routes,
      flow: route.flow,
      rewrite: rewrites.withinDialog(request, route),
    });
  }
}

function reasonLine({ status, text }: EndingWords): string {
  return `Reason: SIP;cause=${status};text="${text}"\r\n`;
}
