import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { QuietWindow } from "./quiet_window.ts";

/** A clock that is turned by hand, and ticks at the given times. */
class Bench {
  now = 0;
  /** The tick that was due is taken only then. */
  lateUntil = -Infinity;
  readonly done: string[] = [];
  readonly between: QuietWindow;
  #timers: { at: number; run: () => void }[] = [];

  constructor(ticks: readonly number[]) {
    this.between = new QuietWindow(
      () => ticks.find((at) => at > this.now || this.now < this.lateUntil) ?? Infinity,
      () => this.now,
      (ms, run) => {
        const timer = { at: this.now + ms, run };
        this.#timers.push(timer);
        return () => this.#timers = this.#timers.filter((other) => other !== timer);
      },
    );
  }

  ask(name: string, work: () => void = () => {}): void {
    this.between.run(() => {
      this.done.push(`${name} at ${this.now}`);
      work();
    });
  }

  /** Turns the clock, timers on the way included. */
  until(end: number): void {
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }
}

Deno.test("work is done at once when no tick is near, and right after the tick when one is", () => {
  const bench = new Bench([50, 100]);
  bench.ask("early");
  bench.until(47);
  bench.ask("near");
  bench.until(60);
  bench.ask("late");
  deepEqual(bench.done, ["early at 0", "near at 51", "late at 60"]);
});

Deno.test("work keeps its order, and work that other work asks for comes after it", () => {
  const bench = new Bench([50]);
  bench.until(48);
  bench.ask("first", () => bench.ask("third"));
  bench.ask("second");
  bench.until(60);
  deepEqual(bench.done, ["first at 51", "second at 51", "third at 51"]);
});

Deno.test("work stops for the next tick, when it has taken until then", () => {
  const bench = new Bench([50, 60]);
  bench.until(49);
  bench.ask("long", () => bench.now = 58);
  bench.ask("next");
  bench.until(51);
  deepEqual(bench.done, ["long at 51"]);
  bench.until(70);
  deepEqual(bench.done, ["long at 51", "next at 61"]);
});

Deno.test("where some tick is always near, work waits for one of them and then goes on for four milliseconds", () => {
  const bench = new Bench(Array.from({ length: 100 }, (_, i) => i + 1));
  bench.ask("first");
  bench.ask("long", () => bench.now += 4);
  bench.ask("next");
  bench.until(100);
  deepEqual(bench.done, ["first at 2", "long at 2", "next at 8"]);
});

Deno.test("work waits on while the tick that it waited for has not been taken", () => {
  const bench = new Bench([50]);
  bench.until(49);
  bench.lateUntil = 53;
  bench.ask("patient");
  bench.until(60);
  deepEqual(bench.done, ["patient at 53"]);
});

Deno.test("flush() does all that waits at once, in order, and nothing of it twice", () => {
  const bench = new Bench([50]);
  bench.until(49);
  bench.ask("one", () => bench.ask("two"));
  bench.between.flush();
  bench.until(60);
  deepEqual(bench.done, ["one at 49", "two at 49"]);
});
