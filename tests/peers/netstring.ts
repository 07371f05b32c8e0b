// Netstrings, the framing of baresip's ctrl_tcp: `5:hello,`.

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const colon = 0x3a;

/** The bytes of `text` in UTF-8 as one netstring. */
export function encodeNetstring(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${encoder.encode(text).length}:${text},`);
}

/** The texts of the netstrings in a stream of bytes, however it is cut. */
export async function* decodeNetstrings(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let buffer = new Uint8Array();
  for await (const chunk of stream) {
    buffer = Uint8Array.from([...buffer, ...chunk]);
    for (let end = buffer.indexOf(colon); end >= 0; end = buffer.indexOf(colon)) {
      const start = end + 1;
      const length = Number(decoder.decode(buffer.subarray(0, end)));
      if (!Number.isSafeInteger(length)) {
        throw new SyntaxError("Cannot read a netstring: no length before the colon");
      }
      if (buffer.length < start + length + 1) break;
      yield decoder.decode(buffer.subarray(start, start + length));
      buffer = buffer.slice(start + length + 1);
    }
  }
}
