/** What becomes of registrations, as events: refreshes are not told. */
import type { Binding } from "../location/binding.ts";
import type { LocationService } from "../location/location_service.ts";
import type { BoundFlow } from "./bound_flow.ts";
import type { ServerEvents } from "./server_events.ts";

export function tellRegistrations(location: LocationService<BoundFlow>, events: ServerEvents): void {
  location.onChange(({ aor, before, after, isLoss }) => {
    if (!events.isHeard || isSame(before, after)) return;
    for (const binding of after) {
      if (!has(before, binding)) events.emit("registration.added", shown(aor, binding));
    }
    const reason = isLoss ? "connection lost" : "removed";
    for (const binding of before) {
      if (!has(after, binding)) events.emit("registration.removed", { ...shown(aor, binding), reason });
    }
  });
  location.onExpired((aor, expired) => {
    for (const binding of expired) events.emit("registration.expired", shown(aor, binding));
  });
}

/** The usual case: one device registers again. */
function isSame(before: readonly Binding<BoundFlow>[], after: readonly Binding<BoundFlow>[]): boolean {
  return before.length === 1 && after.length === 1 && before[0].contact === after[0].contact;
}

function has(bindings: readonly Binding<BoundFlow>[], { contact }: Binding<BoundFlow>): boolean {
  return bindings.some((binding) => binding.contact === contact);
}

function shown(aor: string, { contact, flow }: Binding<BoundFlow>): Readonly<Record<string, unknown>> {
  const { protocol, remoteAddress, remotePort } = flow;
  return { aor, contact, transport: protocol, address: `${remoteAddress}:${remotePort}` };
}
