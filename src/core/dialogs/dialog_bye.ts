/** The BYE that ends a dialog from here, as the other end would send it (§15.1.1). */
import { MAGIC_COOKIE } from "../../message/via.ts";
import { randomToken } from "../../runtime/random.ts";
import { callIdOf, type Dialog, type DialogSide, tagsOf } from "./dialog.ts";

/** Sequence numbers are below 2³¹ (§8.1.1.5). */
const MAX_CSEQ = 2 ** 31 - 1;

/**
 * Returns the text of a BYE to one end of a dialog; undefined where too little of it is known. Its Via is nobody's, and
 * goes no further.
 * @param lines further header lines, each ended by CRLF
 */
export function byeText(dialog: Dialog, to: DialogSide, lines: string): string | undefined {
  const from = to === "caller" ? "callee" : "caller";
  const [sender, receiver] = [dialog[from], dialog[to]];
  const tags = tagsOf(dialog);
  if (tags === undefined || receiver.target === "" || sender.uri === "" || receiver.uri === "") {
    return undefined;
  }
  const cseq = Math.min(sender.cseq + 1, MAX_CSEQ);
  sender.cseq = cseq;
  return `BYE ${receiver.target} SIP/2.0\r\nVia: SIP/2.0/UDP invalid;branch=${MAGIC_COOKIE}${randomToken()}\r\n` +
    `From: <${sender.uri}>;tag=${tags[from]}\r\nTo: <${receiver.uri}>;tag=${tags[to]}\r\n` +
    `Call-ID: ${callIdOf(dialog)}\r\nCSeq: ${cseq} BYE\r\n${lines}Content-Length: 0\r\n\r\n`;
}
