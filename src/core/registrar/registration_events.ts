/** Events of registrations; a refresh is none. */
import type { Binding } from "../../location/binding.ts";
import type { LocationService } from "../../location/location_service.ts";
import { logger, logging } from "../../runtime/log.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";
import type { ServerEvents } from "../server_events.ts";

const log = logger("registrar");

export function emitRegistrationEvents(
  location: LocationService<BoundFlow>,
  events: ServerEvents,
  clock: Clock,
): void {
  const tell = (
    type: "registration.added" | "registration.removed" | "registration.expired",
    aor: string,
    { binding, reason }: { binding: Binding<BoundFlow>; reason: string },
  ) => {
    const { contact, expiresAt, flow } = binding;
    events.emit(type, {
      aor,
      contact,
      expires: Math.max(0, Math.ceil((expiresAt - clock.now()) / 1000)),
      transport: flow.protocol,
      address: `${flow.remoteAddress}:${flow.remotePort}`,
      reason,
    });
  };
  location.onChange(({ aor, before, after, reason }) => {
    if (!events.isHeard || isSame(before, after)) return;
    for (const binding of after) {
      if (!has(before, binding)) tell("registration.added", aor, { binding, reason: "registered" });
    }
    for (const binding of before) {
      if (!has(after, binding)) tell("registration.removed", aor, { binding, reason });
    }
  });
  location.onExpired((aor, gone) => {
    for (const binding of gone) {
      const isOver = binding.expiresAt <= clock.now();
      const reason = isOver ? "expired" : "connection lost";
      if (logging.debug) {
        log.info("{aor} lost {contact}: {reason}", { aor, contact: binding.contact, reason });
      }
      tell(isOver ? "registration.expired" : "registration.removed", aor, { binding, reason });
    }
  });
}

/** Reports whether one device has refreshed its binding, the usual case. */
function isSame(before: readonly Binding<BoundFlow>[], after: readonly Binding<BoundFlow>[]): boolean {
  return before.length === 1 && after.length === 1 && before[0].contact === after[0].contact;
}

function has(bindings: readonly Binding<BoundFlow>[], { contact }: Binding<BoundFlow>): boolean {
  return bindings.some((binding) => binding.contact === contact);
}
