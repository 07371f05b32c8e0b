/** Bindings for tests, which vary what they are about. */
import type { Binding, BindingFlow } from "../../src/location/binding.ts";

/** @param parts at least the flow; by default the binding was made at 0 and ends after a minute */
export function bindingTo<Flow extends BindingFlow>(
  contact: string,
  parts: Partial<Binding<Flow>> & Pick<Binding<Flow>, "flow">,
): Binding<Flow> {
  return {
    contact,
    q: 1000,
    expiresAt: 60_000,
    updatedAt: 0,
    callId: "call",
    cseq: 1,
    instance: "",
    regId: 0,
    path: "",
    listeningPort: 0,
    ...parts,
  };
}
