/**
 * An office: real phones, some of them behind real NAT, on a server that has nothing but its default configuration.
 * The test takes a minute; `OFFICE_SECONDS=300` lets people talk for five.
 */
import { testAsRoot } from "./office/as_root.ts";
import { DeskPhone, type DeskPhoneOptions } from "./office/desk_phone.ts";
import { OfficeNetwork, type Site } from "./office/office_network.ts";
import { BaresipPhone, type OfficePhone, talk } from "./office/office_phone.ts";
import { startOfficeRoutr } from "./office/office_routr.ts";

const SECONDS = Number(Deno.env.get("OFFICE_SECONDS") ?? 0);
const LIFETIME_SECONDS = SECONDS + 240;

type SiteName = "desk" | "home" | "annex";

/** Every kind of phone that an office has; the users are numbered from 1001 on. */
const KINDS: readonly (readonly [SiteName, "baresip" | NonNullable<DeskPhoneOptions["contact"]>])[] = [
  ["desk", "leave"],
  ["home", "ob"],
  ["desk", "baresip"],
  ["home", "correct"],
  ["annex", "ob"],
  ["home", "baresip"],
  ["desk", "leave"],
  ["annex", "correct"],
  ["home", "leave"],
  ["annex", "baresip"],
];

testAsRoot(
  import.meta,
  "Office: everybody calls everybody, holds, resumes and hangs up, at the desk and behind NAT",
  async () => {
    await using office = await openOffice();
    const { phones } = office;
    const end = Date.now() + SECONDS * 1_000;
    do {
      for (const round of roundsOf(phones)) {
        await allOf(round.map(([one, other]) => talk(one, other, { endedBy: "caller" })));
        await allOf(round.map(([one, other]) => talk(other, one, { endedBy: "callee" })));
      }
    } while (Date.now() < end);
  },
);

testAsRoot(
  import.meta,
  "Office: calls are transferred, blind and attended, at the desk and behind NAT",
  async () => {
    await using office = await openOffice();
    const phones = office.phones.filter((phone) => phone instanceof DeskPhone);
    for (let first = 0; first < phones.length; first++) {
      const [alice, bob, carol] = [0, 1, 2].map((next) => phones[(first + next) % phones.length]);
      await transferBlind(alice, bob, carol);
      await transferAttended(alice, bob, carol);
    }
  },
);

/** Bob, whom Alice called, is sent to Carol. */
async function transferBlind(alice: DeskPhone, bob: DeskPhone, carol: DeskPhone): Promise<void> {
  const [out, atBob] = await Promise.all([alice.call(bob.user), bob.nextCall()]);
  await atBob.isConfirmed();
  const [atCarol] = await Promise.all([carol.nextCall(), out.transfer(`sip:${carol.user}@sip.local`)]);
  await atCarol.isConfirmed();
  await Promise.all([out.hangUp(), atBob.isEnded()]);
  await atCarol.hangUp();
}

/** Alice talks to Bob, asks Carol, and joins both. */
async function transferAttended(alice: DeskPhone, bob: DeskPhone, carol: DeskPhone): Promise<void> {
  const [toBob, atBob] = await Promise.all([alice.call(bob.user), bob.nextCall()]);
  await atBob.isConfirmed();
  await toBob.hold();
  const [toCarol, atCarol] = await Promise.all([alice.call(carol.user), carol.nextCall()]);
  await atCarol.isConfirmed();
  const [joined] = await Promise.all([carol.nextCall(), toBob.transferTo(toCarol), toCarol.isEnded()]);
  await joined.isConfirmed();
  await Promise.all([toBob.hangUp(), atBob.isEnded()]);
  await joined.hangUp();
}

interface Office extends AsyncDisposable {
  readonly phones: readonly OfficePhone[];
}

async function openOffice(): Promise<Office> {
  const stack = new AsyncDisposableStack();
  try {
    const network = stack.use(await OfficeNetwork.create());
    const users = KINDS.map((_, index) => String(1001 + index));
    stack.use(
      await startOfficeRoutr({ site: network.pbx, agents: users, lifetimeMs: LIFETIME_SECONDS * 1_000 }),
    );
    const phones: OfficePhone[] = [];
    for (const [index, [site, kind]] of KINDS.entries()) {
      phones.push(stack.use(await openPhone(users[index], network, { site: network[site], kind })));
    }
    return { phones, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function openPhone(
  user: string,
  network: OfficeNetwork,
  { site, kind }: { site: Site; kind: typeof KINDS[number][1] },
): Promise<OfficePhone> {
  const server = { address: network.pbx.address, port: 5060 };
  if (kind !== "baresip") {
    return DeskPhone.registered({ user, site, server, contact: kind, answersAfterMs: 50 });
  }
  return BaresipPhone.registered({ user, site, server, secondsToLive: LIFETIME_SECONDS });
}

/** Pairs so that everybody meets everybody once, and nobody is in two pairs of a round. */
function* roundsOf<T>(everybody: readonly T[]): Generator<[T, T][]> {
  const [first, ...others] = everybody;
  for (let round = 0; round < others.length; round++) {
    const circle = [first, ...others.slice(round), ...others.slice(0, round)];
    yield Array.from({ length: circle.length / 2 }, (_, index) => [circle[index], circle.at(-1 - index)!]);
  }
}

/** Waits for all, and tells everything that went wrong. */
async function allOf(steps: readonly Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(steps)).filter((result) => result.status === "rejected");
  if (failures.length === 0) return;
  throw new AggregateError(
    failures.map(({ reason }) => reason),
    failures.map(({ reason }) => reason).join("\n"),
  );
}
