import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { Clock } from "../../tests/harness/clock.ts";
import { QuietWindow } from "./quiet_window.ts";

/** A clock that is turned by hand, and ticks at the given times. */
class Bench extends Clock {
  /** The tick that was due is taken only then. */
  lateUntil = -Infinity;
  readonly done: string[] = [];
  readonly between: QuietWindow;

  constructor(ticks: readonly number[]) {
    super();
    this.between = new QuietWindow(
      () => ticks.find((at) => at > this.now || this.now < this.lateUntil) ?? Infinity,
      () => this.now,
      this.after,
    );
  }

  ask(name: string, work: () => void = () => {}): void {
    this.between.run(() => {
      this.done.push(`${name} at ${this.now}`);
      work();
    });
  }

  until(end: number): void {
    this.pass(end - this.now);
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
