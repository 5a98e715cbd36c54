import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { Clock } from "../../tests/harness/clock.ts";
import { ATTEMPT_DELAY_MS } from "../constants.ts";
import { race } from "./race.ts";

/** A clock, and attempts that do what the test says. Everything that happens stands in `log`. */
class Track extends Clock {
  readonly log: string[] = [];
  readonly open = new Map<string, { opened: (connection: string) => void; failed: (fault: string) => void }>();

  run(addresses: readonly string[]) {
    return race<string, string, string>(addresses, {
      connect: (address, opened, failed) => {
        this.log.push(`${this.now} connect ${address}`);
        this.open.set(address, { opened, failed });
        return () => {
          this.log.push(`${this.now} give up ${address}`);
          this.open.delete(address);
        };
      },
      after: this.after,
      won: (connection, address) => this.log.push(`${this.now} won ${connection} ${address}`),
      lost: (faults) => this.log.push(`${this.now} lost ${faults.join(", ")}`),
    });
  }

  opens(address: string): void {
    const { opened } = this.open.get(address)!;
    this.open.delete(address);
    opened("socket");
  }

  fails(address: string, fault = "refused"): void {
    const { failed } = this.open.get(address)!;
    this.open.delete(address);
    failed(fault);
  }
}

Deno.test("race() starts the next address 250 ms after the one before it, and gives the losers up", () => {
  equal(ATTEMPT_DELAY_MS, 250);
  const track = new Track();
  track.run(["six", "four", "other"]);
  track.pass(260);
  track.opens("four");
  deepEqual(track.log, [
    "0 connect six",
    "250 connect four",
    "260 give up six",
    "260 won socket four",
  ]);
  track.pass(10_000);
  equal(track.log.length, 4);
  equal(track.timers, 0);
});

Deno.test("race() tries one address only when it answers within 250 ms", () => {
  const track = new Track();
  track.run(["six", "four"]);
  track.pass(249);
  track.opens("six");
  track.pass(10_000);
  deepEqual(track.log, ["0 connect six", "249 won socket six"]);
});

Deno.test("race() starts the next address at once when one fails, and 250 ms count from there", () => {
  const track = new Track();
  track.run(["six", "four", "other"]);
  track.pass(100);
  track.fails("six");
  track.pass(249);
  deepEqual(track.log, ["0 connect six", "100 connect four"]);
  track.pass(1);
  track.opens("other");
  deepEqual(track.log.slice(2), ["350 connect other", "350 give up four", "350 won socket other"]);
});

Deno.test("race() is lost when the last one fails, with every fault in the order of the failures", () => {
  const track = new Track();
  track.run(["six", "four"]);
  track.pass(300);
  track.fails("four", "unreachable");
  equal(track.log.some((line) => line.includes("lost")), false, "the first is still under way");
  track.pass(100);
  track.fails("six", "timeout");
  deepEqual(track.log.slice(2), ["400 lost unreachable, timeout"]);
});

Deno.test("race() that is stopped gives everything up, says how others failed, and calls nobody", () => {
  const track = new Track();
  const running = track.run(["one", "two", "three", "four"]);
  track.fails("one");
  track.pass(250);
  deepEqual(running.stop(), ["refused"]);
  track.pass(10_000);
  deepEqual(track.log.slice(3), ["250 give up two", "250 give up three"]);
  equal(track.timers, 0);
});

Deno.test("race() ends once, with one connection or with a fault for each address, whatever happens in which order", () => {
  const moves = fc.array(fc.record({ pass: fc.nat(400), which: fc.nat(7), opens: fc.boolean() }), { maxLength: 60 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 8 }), moves, (count, script) => {
    const track = new Track();
    const addresses = Array.from({ length: count }, (_, i) => `a${i}`);
    track.run(addresses);
    for (const { pass, which, opens } of script) {
      track.pass(pass);
      const address = [...track.open.keys()][which];
      if (address !== undefined) opens ? track.opens(address) : track.fails(address);
    }
    track.pass(count * ATTEMPT_DELAY_MS);
    for (const address of [...track.open.keys()]) if (track.open.has(address)) track.fails(address);
    const of = (word: string) => track.log.filter((line) => line.split(" ")[1] === word);
    equal(of("won").length + of("lost").length, 1);
    equal(track.open.size, 0);
    equal(track.timers, 0);
    equal(new Set(of("connect").map((line) => line.split(" ")[2])).size, of("connect").length, "no address twice");
    if (of("lost").length === 1) equal(of("connect").length, count);
  }));
});
