// The ports of the SIPp processes, the same through a whole run: a callee keeps the contact it registered.

import { freePort } from "../process/local_port.ts";

export interface LoadPorts {
  readonly registering: number;
  /** One SIPp UAC and the SIPp UAS that it calls, each. */
  readonly pairs: readonly { readonly caller: number; readonly callee: number }[];
}

export function chooseLoadPorts(pairs: number): LoadPorts {
  return {
    registering: freePort(),
    pairs: Array.from({ length: pairs }, () => ({ caller: freePort(), callee: freePort() })),
  };
}
