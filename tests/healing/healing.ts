// How soon a conversation heals, with real programs: `main.ts` on one side, in each role, and the second implementation on
// the other, over TLS on loopback with a round trip of 100 ms. All state of the second implementation is revealed at a
// random moment, and from then on somebody hears every frame, with X25519 or with ML-KEM broken. What is measured is the
// time until the last cell that he cannot read any more has left or come: the first of the epoch that shuts him out, in the
// later of the two directions (docs/PROTOCOL.md section 4, "What a renewal heals"). A control hears the same with both
// broken, and must read on.
//
//   deno task check healing                                  200 reveals at 50 ms, 100 at 250 ms, 60 at 1000 ms
//   deno task check healing --interval 50 --reveals 20       one row
//
// The attacker must read every cell of the epochs before and none of those from then on: that does not depend on time.
// The longest time is judged in our own ticks, with allowance for a machine that has other things to do. The last line
// is `suite: N passed, N failed, N skipped`.

import { parseArgs } from "node:util";
import { fetchDependencies } from "../harness/product.ts";
import { INTERVAL_MAX_MS, INTERVAL_MIN_MS } from "../../src/constants.ts";
import { addressOf, listen, PHRASE, scripted } from "../harness/process_pair.ts";
import type { Sesame } from "../harness/process.ts";
import { type Check, tellChecks, tellSum } from "../harness/checks.ts";
import { slowLine } from "../harness/slow_line.ts";
import {
  authenticateAsDialer,
  authenticateAsListener,
  FalseListener,
  random,
  type Seen,
  type Session,
  stretched,
  Wire,
} from "../reference/reference.ts";
import { type Healed, Overheard, type Renewing } from "./overheard.ts";

const ROUND_TRIP_MS = 100;
/** Of each role. */
const CONNECTIONS = 4;
/** A reveal comes within so many ticks after the one before has healed, which is some epochs. */
const WITHIN_TICKS = 30;
/** "With cover that takes at most eleven ticks of the dialer, two of the listener and two round trips." */
const TICKS_AT_MOST = 13;
const ROUND_TRIPS_AT_MOST = 2;
/** For a machine that lets the program wait while we go on. */
const SLACK_TICKS = 40;
/** The program has to start, and to stretch the phrase, on a machine that does other things. */
const CALLED_MS = 60_000;

interface Plan {
  readonly intervalMs: number;
  readonly reveals: number;
}

const PLANS: readonly Plan[] = [
  { intervalMs: 50, reveals: 200 },
  { intervalMs: 250, reveals: 100 },
  { intervalMs: 1000, reveals: 60 },
];

async function healing({ intervalMs, reveals }: Plan): Promise<Check[]> {
  await using stack = new AsyncDisposableStack();
  const { programs, overheard } = await connected(stack, intervalMs);
  const healed: Healed[] = [];
  await Promise.all(overheard.map(async (one, i) => {
    for (let mine = share(reveals, overheard.length, i); mine > 0; mine--) {
      await one.after(Math.random() * WITHIN_TICKS * intervalMs);
      healed.push(await one.reveal());
    }
  }));
  return [...judged(intervalMs, healed), {
    what: "the programs live, said nothing on standard error, and broke no rule",
    right: programs.every((program) => program.alive && program.stderr === "" && program.all("left").length === 0) &&
      overheard.every(({ session }) => session.broken === 0 && session.faults.length === 0),
  }];
}

function judged(intervalMs: number, healed: readonly Healed[]): Check[] {
  const bound = TICKS_AT_MOST + ROUND_TRIPS_AT_MOST * ROUND_TRIP_MS / intervalMs;
  const s = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
  const times = healed.map(({ ms }) => ms);
  const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  const ticks = Math.max(...healed.map((one) => one.ticks));
  const of = (role: string) => healed.filter((one) => one.role === role).length;
  const cells = (kind: "before" | "behind" | "control") => healed.reduce((sum, one) => sum + one.cells[kind], 0);
  const wrong = healed.flatMap((one) => one.wrong);
  return [
    {
      what: `${intervalMs} ms: healed after ${s(mean)} on average, ${s(Math.max(...times))} at most, ` +
        `${ticks} ticks (the page: ${s(bound * intervalMs)}, ${bound} ticks; so many more may be late: ${SLACK_TICKS})`,
      right: healed.length > 0 && ticks <= bound + SLACK_TICKS,
    },
    {
      what: `${of("dialer")} reveals of the dialer's state, ${of("listener")} of the listener's: with one leg broken ` +
        `${cells("before")} cells read before the epoch that the page names, none of ${cells("behind")} from there on` +
        (wrong.length > 0 ? `; but ${wrong.slice(0, 3).join("; ")}` : ""),
      right: healed.length > 0 && wrong.length === 0 && cells("before") > 0,
    },
    {
      what: `the control: with both broken he read on, ${cells("control")} cells of that epoch`,
      right: cells("control") > 0 && healed.every((one) => one.cells.control >= 2),
    },
  ];
}

function share(all: number, among: number, which: number): number {
  return Math.floor(all / among) + (which < all % among ? 1 : 0);
}

/** One program that listens and one that dials, each with its connections to us. */
async function connected(
  stack: AsyncDisposableStack,
  intervalMs: number,
): Promise<{ programs: Sesame[]; overheard: Overheard[] }> {
  const interval = ["--interval", `${intervalMs}`];
  const sessions: { session: Session; renewing: Renewing }[] = [];
  const renewing = () => {
    const last: Renewing = { last: undefined };
    const see = (seen: Seen) => void (last.last = seen.what === "renewal" ? seen : last.last);
    return { last, see };
  };

  const listener = stack.use(await listen(interval));
  const address = await addressOf(listener);
  await listener.like("stretching", { done: true });
  for (let i = 0; i < CONNECTIONS; i++) {
    const line = stack.use(await slowLine(address, ROUND_TRIP_MS / 2, `127.0.${1 + i}.1`));
    const { last, see } = renewing();
    const wire = stack.use(await Wire.dial(line.address));
    sessions.push({ session: await authenticateAsDialer(wire, PHRASE, undefined, see), renewing: last });
  }

  const phrase = await stretched(PHRASE, random(16));
  const waiting: FalseListener[] = [];
  const targets: string[] = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    const accepting = stack.use(await FalseListener.open());
    waiting.push(accepting);
    targets.push(stack.use(await slowLine(accepting.address, ROUND_TRIP_MS / 2)).address);
  }
  const dialer = stack.use(await scripted(["connect", ...targets, ...interval]));
  await Promise.all(waiting.map(async (one) => {
    const { last, see } = renewing();
    const wire = stack.use(await one.accept(CALLED_MS));
    sessions.push({ session: await authenticateAsListener(wire, phrase, see, CALLED_MS), renewing: last });
  }));
  const overheard = sessions.map(({ session, renewing }) => stack.use(new Overheard(session, renewing, intervalMs)));
  return { programs: [listener, dialer], overheard };
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: { interval: { type: "string" }, reveals: { type: "string" } },
  });
  const [intervalMs, reveals] = [Number(values.interval ?? INTERVAL_MIN_MS), Number(values.reveals ?? 20)];
  const fits = intervalMs >= INTERVAL_MIN_MS && intervalMs <= INTERVAL_MAX_MS && Number.isInteger(reveals) &&
    reveals >= 1;
  if (!fits) {
    console.error(
      `Could not begin. --interval takes ${INTERVAL_MIN_MS} to ${INTERVAL_MAX_MS}, --reveals 1 or more. ` +
        "Leave both away for all three rows.",
    );
    Deno.exit(2);
  }
  await fetchDependencies();
  const all = values.interval === undefined && values.reveals === undefined;
  const checks: Check[] = [];
  for (const plan of all ? PLANS : [{ intervalMs, reveals }]) {
    const some = await healing(plan);
    tellChecks(some);
    checks.push(...some);
  }
  Deno.exit(tellSum(checks));
}
