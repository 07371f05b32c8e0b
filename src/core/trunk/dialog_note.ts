/** What a dialog's Record-Route entry notes of its legs, so that nothing has to be remembered here. */

/** The end of a dialog that is at a gateway. */
export interface GatewayEnd {
  readonly side: "caller" | "callee";
  /** How much higher sequence numbers are there when the dialog begins. */
  readonly shift: number;
  readonly ref: string;
}

export interface DialogNote {
  /** Whether the caller stays unnamed. */
  readonly isUnnamed: boolean;
  readonly gateway: GatewayEnd | undefined;
}

/** `p` for an unnamed caller, `r` or `e` for the end of the caller or callee, the shift in base 36, `-`, the ref. */
const NOTE = /^(p?)(?:([er])([0-9a-z]+)-(.+))?$/;

/** As the user part of a URI may have it, without dots: `pe1-GW0001`; "" when there is nothing to note. */
export function formatNote({ isUnnamed, gateway }: DialogNote): string {
  const mark = isUnnamed ? "p" : "";
  if (!gateway) return mark;
  const { side, shift, ref } = gateway;
  const escaped = encodeURIComponent(ref).replaceAll(".", "%2E");
  return `${mark}${side === "caller" ? "r" : "e"}${shift.toString(36)}-${escaped}`;
}

/** What `formatNote` wrote. */
export function parseNote(text: string): DialogNote {
  const [, mark, end, shift, ref] = NOTE.exec(text) ?? [];
  return {
    isUnnamed: mark === "p",
    gateway: end === undefined ? undefined : {
      side: end === "r" ? "caller" : "callee",
      shift: parseInt(shift, 36),
      ref: decodeURIComponent(ref),
    },
  };
}
