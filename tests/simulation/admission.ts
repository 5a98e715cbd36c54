// What strangers in turn are worth (docs/PROTOCOL.md section 8): whole networks attack without pause, newcomers who
// know the phrase call, and the real src/peers/admission.ts decides on a simulated clock. `deno run -A
// tests/simulation/admission.ts` prints the table of docs/MEASUREMENTS.md; `admission_test.ts` checks part of it
// against its figures.

import { RETRY_FIRST_MS, RETRY_LONGEST_MS } from "../../src/constants.ts";
import type { Source } from "../../src/peers/addresses.ts";
import { Admission } from "../../src/peers/admission.ts";
import type { CallerId } from "../../src/peers/ranks.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import { Random } from "./random.ts";
import { Timeline } from "./timeline.ts";

export interface Attack {
  /** /24s or /48s, whole ones, with as many addresses as they like. */
  readonly networks: number;
  /** silent: TLS, and then nothing. guessing: a wrong answer at once. both: half of them each. */
  readonly kind: "silent" | "guessing" | "both";
  /** All of one /16 or /32; else each of its own. */
  readonly together?: boolean;
  /** begun: newcomers call 1 to 3 s after the attack has begun. on: 2 to 6 minutes after. */
  readonly when: "begun" | "on";
  /** How long a newcomer's machine takes for the phrase. */
  readonly stretchMs?: readonly [least: number, most: number];
}

export interface Outcome {
  readonly newcomers: number;
  /** Of those, how many were let in within 30 s of their call. */
  readonly reached: number;
  /** Of those that were reached. */
  readonly medianMs: number;
  readonly wrongGuesses: number;
}

const WITHIN_MS = 30_000;
const TLS_LIMIT_MS = 5_000;
const AUTH_LIMIT_MS = 15_000;
/** Who is closed in the room comes again after this: a whole second is kind to the simulation's clock, not to us. */
const AGAIN_MS = [500, 1_500] as const;

/** Of as many runs as it takes for so many newcomers, 10 a run where they call within 2 s, and all in one where in 4 minutes. */
export function attacked(arena: Arena, attack: Attack, newcomers: number, seed: number): Outcome {
  const perRun = attack.when === "begun" ? Math.min(10, newcomers) : newcomers;
  const times: number[] = [];
  let wrongGuesses = 0;
  for (let run = 0; run * perRun < newcomers; run++) {
    using door = new Run(arena, attack, new Random(seed + run));
    times.push(...door.play(perRun));
    wrongGuesses = Math.max(wrongGuesses, door.wrongGuesses);
  }
  const reached = times.filter((ms) => ms <= WITHIN_MS).toSorted((a, b) => a - b);
  return {
    newcomers: times.length,
    reached: reached.length,
    medianMs: reached[reached.length >> 1] ?? Infinity,
    wrongGuesses,
  };
}

interface Turn {
  start(): void;
  shut(): void;
}

class Run implements Disposable {
  readonly #admission: Admission;
  readonly #clock = new Timeline();
  readonly #callers = new Map<CallerId, Turn>();
  #next = 1;
  #timerFor = Infinity;
  #over = false;
  wrongGuesses = 0;

  constructor(arena: Arena, readonly attack: Attack, readonly random: Random) {
    this.#admission = new Admission(arena);
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#admission[Symbol.dispose]();
  }

  /** How long each newcomer took; Infinity: not reached. */
  play(newcomers: number): number[] {
    const { attack, random } = this;
    for (let n = 0; n < attack.networks; n++) {
      // Two of each wait at any time: more would be closed at once.
      for (let second = 0; second < 2; second++) {
        this.#clock.at(random.between(0, 1_000), () => this.#attacker(n, second));
      }
    }
    const [from, to] = attack.when === "begun" ? [1_000, 3_000] : [120_000, 360_000];
    const times: number[] = Array(newcomers).fill(Infinity);
    for (let n = 0; n < newcomers; n++) {
      const at = random.between(from, to);
      this.#clock.at(at, () => this.#newcomer(n, at, (ms) => times[n] = ms));
    }
    this.#clock.runUntil(to + WITHIN_MS + 1_000);
    return times;
  }

  #attacker(n: number, host: number): void {
    const { attack, random } = this;
    const roundTrip = random.between(20, 300);
    const again = () => this.#clock.after(random.between(...AGAIN_MS), () => this.#attacker(n, random.int(0, 255)));
    const guesses = attack.kind === "guessing" || (attack.kind === "both" && n % 2 === 0);
    const source = {
      address: `a ${n} ${host}`,
      network: `a ${n}`,
      wide: attack.together ? "attackers" : `wide ${n}`,
    };
    const id: CallerId = this.#arrive(source, {
      start: () => {
        again(); // the next one waits while this one has its place
        if (guesses) this.#clock.after(2.5 * roundTrip, () => this.#wrong(id));
        else this.#clock.after(2 * roundTrip + AUTH_LIMIT_MS, () => this.#fail(id));
      },
      shut: again,
    });
  }

  #newcomer(n: number, called: number, done: (ms: number) => void): void {
    const { random, attack } = this;
    const roundTrip = random.between(20, 300);
    const stretchMs = random.between(...attack.stretchMs ?? [300, 1_500]);
    let stretchedAt = Infinity;
    let failures = 0;
    const source = { address: `newcomer ${n}`, network: `newcomer ${n}`, wide: `newcomer ${n}` };
    const call = () => {
      let over = false;
      const fail = () => {
        if (over) return;
        over = true;
        const pause = Math.min(RETRY_FIRST_MS * 2 ** failures++, RETRY_LONGEST_MS);
        this.#clock.after(roundTrip / 2 + random.between(pause, 1.5 * pause), call);
      };
      this.#clock.after(roundTrip, () => {
        const id: CallerId = this.#arrive(source, {
          shut: fail,
          start: () => {
            const { now } = this.#clock;
            const tls = 1.5 * roundTrip;
            if (tls > TLS_LIMIT_MS) throw new RangeError("a round trip that no TLS survives");
            // The stretch begins with the first offer, and is kept when the connection is cut.
            const offered = now + tls + roundTrip / 2;
            stretchedAt = Math.min(stretchedAt, offered + stretchMs);
            this.#clock.at(Math.max(offered, stretchedAt) + roundTrip / 2, () => {
              if (over) return;
              over = true;
              this.#right(id);
              done(this.#clock.now - called);
            });
          },
        });
      });
    };
    call();
  }

  // --- The listener ---

  #arrive(source: Source, turn: Turn): CallerId {
    const id = this.#next++;
    this.#callers.set(id, turn);
    if (!this.#admission.arrive(id, source, this.#clock.now, this.random.fill)) this.#shut(id);
    this.#move();
    return id;
  }

  #fail(id: CallerId): void {
    this.#admission.failed(id, this.#clock.now);
    this.#move();
  }

  #wrong(id: CallerId): void {
    const { now } = this.#clock;
    if (!this.#callers.has(id)) return;
    if (!this.#admission.mayCheck(id, now)) return this.#fail(id);
    this.wrongGuesses++;
    this.#admission.wrongGuess(id, now);
    this.#callers.delete(id);
    this.#move();
  }

  #right(id: CallerId): void {
    this.#admission.authenticated(id, this.#clock.now);
    this.#move();
  }

  #shut(id: CallerId): void {
    const turn = this.#callers.get(id);
    this.#callers.delete(id);
    // Not in the middle of a move.
    this.#clock.after(0, () => turn?.shut());
  }

  #move(): void {
    if (this.#over) return;
    for (const { move, caller } of this.#admission.moves(this.#clock.now)) {
      if (move === "shut") this.#shut(caller);
      else this.#clock.after(0, () => this.#callers.get(caller)?.start());
    }
    const { deadline } = this.#admission;
    if (deadline >= this.#timerFor || deadline === Infinity) return;
    this.#timerFor = deadline;
    this.#clock.at(deadline, () => {
      if (this.#timerFor === deadline) this.#timerFor = Infinity;
      this.#move();
    });
  }
}

if (import.meta.main) {
  const { loadSodium } = await import("../../src/crypto/sodium.ts");
  const arena = await loadSodium([[32, 64], [64, 8], [256, 8]]);
  const newcomers = Number(Deno.args[0] ?? 80);
  const rows: { networks: number; together?: boolean }[] = [{ networks: 10 }, { networks: 100 }, { networks: 1000 }, {
    networks: 1000,
    together: true,
  }];
  const cell = (attack: Attack) => {
    const { reached, newcomers: of, medianMs, wrongGuesses } = attacked(arena, attack, newcomers, 1);
    return `${Math.round(100 * reached / of)} %, ${(medianMs / 1000).toFixed(1)} s (${wrongGuesses} wrong guesses)`;
  };
  console.log(
    "| networks | silent: just begun · going on | wrong guesses: just begun · going on | both: just begun · going on |\n|---|---|---|---|",
  );
  for (const row of rows) {
    const cells = (["silent", "guessing", "both"] as const).map((kind) =>
      (["begun", "on"] as const).map((when) => cell({ ...row, kind, when })).join(" · ")
    );
    console.log(`| ${row.networks}${row.together ? " of one /32" : ""} | ${cells.join(" | ")} |`);
  }
}
