/** The program of the thread that reads documents, so that long ones do not delay signalling. */
import "../../runtime/library_variables.ts";
import { parentPort } from "node:worker_threads";
import { type ReadDocument, readDocument } from "./document_text.ts";
import { HttpError } from "./http_error.ts";

export type Question =
  | {
    readonly kind: "read";
    readonly bytes: ArrayBuffer;
    readonly type: string;
    readonly isUpload: boolean;
  }
  /** Asks for the next part. */
  | { readonly kind: "next" };

/** One answer for each question, and `ready` before the first. */
export type Answer =
  | { readonly kind: "ready" }
  | { readonly kind: "read"; readonly isList: boolean; readonly isFile: boolean }
  /** Some items as a JSON list; undefined after the last. */
  | { readonly kind: "part"; readonly json: string | undefined }
  | {
    readonly kind: "refused";
    readonly status: number;
    readonly message: string;
    readonly headers: Readonly<Record<string, string>>;
  };

/** Characters of JSON in a part: parsed in less than a millisecond. */
const PART_LENGTH = 32 * 1024;
/** Characters of JSON of one item, which is parsed at once. */
const MAX_ITEM_LENGTH = 256 * 1024;

let parts: Iterator<string> | undefined;

async function answer(question: Question): Promise<Answer> {
  try {
    if (question.kind === "next") return { kind: "part", json: parts?.next().value };
    const { bytes, type, isUpload } = question;
    const document = await readDocument({ bytes: new Uint8Array(bytes), type, isUpload });
    parts = partsOf(document);
    return { kind: "read", isList: document.isList, isFile: document.isFile };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const { status, message, headers } = error;
    return { kind: "refused", status, message, headers };
  }
}

function tell(answer: Answer): void {
  parentPort?.postMessage(answer);
}

function* partsOf({ items }: ReadDocument): Generator<string, undefined> {
  let part: string[] = [];
  let length = 0;
  for (const [i, item] of items.entries()) {
    // A missing value, such as an empty item of YAML.
    const json = JSON.stringify(item) ?? "null";
    if (json.length > MAX_ITEM_LENGTH) {
      throw new HttpError(413, `Item ${i + 1} of the body has more than ${MAX_ITEM_LENGTH} characters`);
    }
    part.push(json);
    length += json.length;
    if (length < PART_LENGTH) continue;
    yield `[${part.join(",")}]`;
    part = [];
    length = 0;
  }
  if (part.length > 0) yield `[${part.join(",")}]`;
}

parentPort?.on("message", async (question: Question) => tell(await answer(question)));
tell({ kind: "ready" });
