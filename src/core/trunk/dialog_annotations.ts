/** The annotations of a dialog's flow token: what its requests need to know of its branch, so that nothing is remembered. */

/** The end of a dialog that is at a gateway. */
export interface GatewayEnd {
  readonly side: "caller" | "callee";
  /** The shift of its sequence numbers when the dialog begins (`CSeqShift`). */
  readonly shift: number;
  readonly ref: string;
}

export interface DialogAnnotations {
  /** Whether the caller is anonymous. */
  readonly isUnnamed: boolean;
  readonly gateway: GatewayEnd | undefined;
}

/** `p` for an unnamed caller, `r` or `e` for the end of the caller or callee, the shift in base 36, `-`, the ref. */
const ANNOTATIONS = /^(p?)(?:([er])([0-9a-z]+)-(.+))?$/;

/** Returns characters that the user part of a URI may have, without dots: `pe1-GW0001`; "" when there is nothing to say. */
export function formatAnnotations({ isUnnamed, gateway }: DialogAnnotations): string {
  const mark = isUnnamed ? "p" : "";
  if (!gateway) return mark;
  const { side, shift, ref } = gateway;
  const escaped = encodeURIComponent(ref).replaceAll(".", "%2E");
  return `${mark}${side === "caller" ? "r" : "e"}${shift.toString(36)}-${escaped}`;
}

const NONE: DialogAnnotations = { isUnnamed: false, gateway: undefined };

/** Reads what `formatAnnotations` wrote. */
export function parseAnnotations(text: string): DialogAnnotations {
  if (text === "") return NONE;
  const [, mark, end, shift, ref] = ANNOTATIONS.exec(text) ?? [];
  return {
    isUnnamed: mark === "p",
    gateway: end === undefined ? undefined : {
      side: end === "r" ? "caller" : "callee",
      shift: parseInt(shift, 36),
      ref: decodeURIComponent(ref),
    },
  };
}
