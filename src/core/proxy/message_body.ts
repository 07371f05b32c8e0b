/** Bodies that take the place of others, with the header fields that describe them (§20.14, §20.15). */
import { Header } from "../../message/header_name.ts";
import type { HeaderRows } from "../../message/header_rows.ts";
import type { MessageEdits } from "../../message/message_edits.ts";

export interface MessageBody {
  /** Value of Content-Type; undefined: as it was. */
  readonly contentType?: string;
  /** A character a byte (latin1). */
  readonly text: string;
}

/** Replaces the body, which ends at `bodyEnd`, and writes Content-Length and Content-Type. */
export function replaceBody(
  message: HeaderRows,
  edits: MessageEdits,
  { body, bodyEnd }: { body: MessageBody; bodyEnd: number },
): void {
  edits.removeAll(message, Header.ContentLength);
  if (body.contentType !== undefined) edits.removeAll(message, Header.ContentType);
  const type = body.contentType === undefined ? "" : `Content-Type: ${body.contentType}\r\n`;
  const head = `${type}Content-Length: ${body.text.length}\r\n\r\n`;
  edits.replace(message.headersEnd, bodyEnd, head + body.text);
}
