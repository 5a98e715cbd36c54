// The classifiers and the statistics against cases whose answers are known: a gate that cannot see would always pass.

import assert from "node:assert/strict";
import { crossValidated, LEARNERS, midRanks } from "./classify.ts";
import { beside, judge, judgeShuffled, settle, type Verdict } from "./gate.ts";
import { gridOf } from "./grid.ts";
import { Random } from "../simulation/random.ts";
import { aucOf, ksOf } from "./statistics.ts";

const normal = (random: Random) => Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());

/** `rows` sessions of `columns` noise; column 0 of class 1 is `shift` deviations higher. */
function noise(count: number, columns: number, shift: number, random: Random) {
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const rows = labels.map((label) =>
    Array.from({ length: columns }, (_, c) => normal(random) + (c === 0 ? label * shift : 0))
  );
  return { rows, labels };
}

for (const [name, learner] of Object.entries(LEARNERS)) {
  Deno.test(`crossValidated() with ${name} finds a shift of two deviations among twenty columns, and nothing in noise`, () => {
    const random = new Random(1);
    const found = noise(200, 20, 2, random);
    const nothing = noise(200, 20, 0, random);
    const score = ({ rows, labels }: typeof found) =>
      aucOf(crossValidated(learner, rows, labels, 10, random), labels).auc;
    // Two deviations are an AUC of 0.92 to whoever knows the column.
    assert.ok(score(found) > 0.75, `${score(found)}`);
    assert.ok(Math.abs(score(nothing) - 0.5) < 0.14, `${score(nothing)}`);
  });
}

Deno.test("crossValidated() with stumps and neighbours finds what no sum of features shows", () => {
  const random = new Random(2);
  const labels = Array.from({ length: 200 }, (_, i) => i % 2);
  // Class 1 is on both sides of class 0.
  const rows = labels.map((
    label,
  ) => [label === 0 ? normal(random) * 0.3 : (random.below(2) * 2 - 1) * 2, normal(random)]);
  for (const name of ["stumps", "neighbours"]) {
    const scores = crossValidated(LEARNERS[name]!, rows, labels, 10, random);
    assert.ok(aucOf(scores, labels).auc > 0.9, name);
  }
});

Deno.test("aucOf() is 1, 0 and a half where it must be, counts ties half, and gives DeLong's interval", () => {
  const labels = [0, 0, 1, 1];
  assert.equal(aucOf([1, 2, 3, 4], labels).auc, 1);
  assert.equal(aucOf([4, 3, 2, 1], labels).auc, 0);
  assert.equal(aucOf([1, 1, 1, 1], labels).auc, 0.5);
  assert.equal(aucOf([1, 3, 2, 4], labels).auc, 0.75);
  assert.ok(aucOf([1, 2, 3, 4], labels).low < 1); // four sessions prove little
  // Scores 1 to 6, labels 0 1 0 1 0 1: placements (1/3, 2/3, 1) and (1, 2/3, 1/3), so S = 1/9 each, and
  // the variance is (1/9)/3 + (1/9)/3 = 2/27.
  const { auc, low, high } = aucOf([1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 1]);
  assert.ok(Math.abs(auc - 2 / 3) < 1e-12);
  assert.ok(Math.abs(auc - low - 1.96 * Math.sqrt(2 / 27)) < 1e-12);
  assert.equal(high, 1);
});

Deno.test("aucOf()'s interval holds the truth about 95 times in 100", () => {
  const random = new Random(3);
  let held = 0;
  for (let i = 0; i < 400; i++) {
    const labels = Array.from({ length: 60 }, (_, at) => at % 2);
    const { low, high } = aucOf(labels.map(() => random.unit()), labels);
    if (low <= 0.5 && high >= 0.5) held++;
  }
  assert.ok(held > 0.9 * 400 && held < 0.99 * 400, `${held} of 400`);
});

Deno.test("midRanks() gives equal values the mean of their ranks", () => {
  assert.deepEqual(midRanks([10, 30, 20, 20]), [1, 4, 2.5, 2.5]);
});

Deno.test("ksOf() finds two distributions apart and does not take unlike sessions for unlike labels", () => {
  const random = new Random(4);
  const sessions = (shift: (i: number) => number) =>
    Array.from({ length: 40 }, (_, i) => Array.from({ length: 50 }, () => normal(random) + shift(i)));
  const labels = Array.from({ length: 40 }, (_, i) => i % 2);
  assert.ok(ksOf(sessions((i) => (i % 2) * 0.5), labels, 999, random).p <= 0.002);
  // Each session has a shift of its own: pauses taken one by one would differ beyond doubt.
  const own = Array.from({ length: 40 }, () => normal(random));
  assert.ok(ksOf(sessions((i) => own[i]!), labels, 999, random).p > 0.01);
});

Deno.test("gridOf() counts ticks with a cell within half an interval, lateness, and drift", () => {
  const times = Array.from({ length: 100 }, (_, i) => 1000 + i * 50 + (i % 3));
  const good = gridOf(times, 50);
  assert.deepEqual([good.ticks, good.onTime], [100, 100]);
  assert.equal(Math.max(...good.lateness), 2);
  const missed = gridOf(times.filter((_, i) => i !== 40 && i !== 41), 50);
  assert.deepEqual([missed.ticks, missed.onTime], [100, 98]);
  const late = gridOf(times.map((at, i) => i === 10 ? at + 30 : at), 50);
  assert.deepEqual([late.ticks, late.onTime], [100, 99]);
  assert.ok(Math.abs(gridOf(times.map((at, i) => at + i * 0.1), 50).driftPerMinute - 120) < 5); // 0.1 ms each 50 ms
});

Deno.test("judge() fails for what can be told, passes for noise, and fails for a control that is not recognised", () => {
  const random = new Random(5);
  const plain = noise(400, 10, 3, random);
  const nothing = noise(1200, 10, 0, random);
  const as = { what: "x", where: "simulated" } as const;
  const talk = { ...as, rule: "hidden", ...plain } as const;
  const talked = judge(talk, 5, random);
  assert.equal(talked.outcome, "failed");
  assert.equal(judge({ ...as, rule: "not seen", ...plain }, SHUFFLES, random).outcome, "failed");
  assert.equal(judge({ ...as, rule: "seen", ...plain }, SHUFFLES, random).outcome, "passed");
  assert.equal(judge({ ...as, rule: "hidden", ...nothing }, SHUFFLES, random).outcome, "passed");
  assert.equal(judge({ ...as, rule: "not seen", ...nothing }, SHUFFLES, random).outcome, "passed");
  assert.equal(judge({ ...as, rule: "seen", ...nothing }, SHUFFLES, random).outcome, "failed");
  // So few sessions cannot show that there is nothing: the strict rule says so.
  assert.equal(judge({ ...as, rule: "hidden", ...noise(40, 10, 0, random) }, SHUFFLES, random).outcome, "doubt");
  // However well they can be distinguished, so few have to be looked at again.
  assert.equal(judge({ ...as, rule: "not seen", ...noise(12, 10, 20, random) }, SHUFFLES, random).outcome, "doubt");
  assert.equal(judgeShuffled(talk, talked).outcome, "passed");
});

Deno.test("settle() asks for new sessions where there is doubt, and doubt about those fails", async () => {
  const random = new Random(6);
  const as = { what: "x", where: "real", rule: "hidden" } as const;
  const few = () => ({ ...as, ...noise(60, 3, 0.5, random) }); // something, but what?
  const outcomes = async (first: ReturnType<typeof few>, again: ReturnType<typeof few>) => {
    const said: Verdict[] = [];
    await settle(first, () => Promise.resolve(again), SHUFFLES, random, (verdict) => said.push(verdict));
    return said.map(({ outcome }) => outcome);
  };
  assert.deepEqual(await outcomes(few(), few()), ["doubt", "failed"]);
  assert.deepEqual(await outcomes(few(), { ...as, ...noise(2000, 4, 0, random) }), ["doubt", "passed"]);
  assert.deepEqual(await outcomes({ ...as, ...noise(200, 10, 3, random) }, few()), ["failed"]);
});

Deno.test("beside() compares within batches, so that a machine that changes meanwhile is not taken for what people do", () => {
  const random = new Random(7);
  // Fourteen batches, each with four idle sessions and one or two others; only the machine differs.
  const sessions = Array.from(
    { length: 14 },
    (_, batch) =>
      ["idle", "idle", "idle", "idle", ...batch % 2 === 0 ? ["typing", "typing"] : ["typing"]].map((activity) => ({
        activity,
        batch,
        row: Array.from({ length: 5 }, () => normal(random) + batch / 3),
      })),
  ).flat();
  const of = (activity: string) => sessions.filter((one) => one.activity === activity);
  const judged = (idle: readonly { row: number[] }[]) => {
    const rows = [...idle, ...of("typing")].map(({ row }) => row);
    const labels = rows.map((_, i) => i < idle.length ? 0 : 1);
    return judge({ what: "x", where: "real", rule: "not seen", rows, labels }, SHUFFLES, random).outcome;
  };
  const paired = beside(of("typing"), of("idle"));
  assert.deepEqual(paired.map(({ batch }) => batch), of("typing").map(({ batch }) => batch));
  assert.equal(new Set(paired).size, paired.length);
  assert.equal(judged(paired), "passed");
  assert.notEqual(judged(of("idle").slice(0, paired.length)), "passed"); // the first idle ones: told by the hour alone
  assert.throws(() => beside(of("idle"), of("typing")));
});

Deno.test("judge() gives no interval narrower than the scatter of results with shuffled labels", () => {
  const random = new Random(8);
  const nothing = { what: "x", where: "real", rule: "not seen", ...noise(24, 30, 0, random) } as const;
  const wide = judge(nothing, 25, random);
  const intervals = [...wide.line.matchAll(/(\S+) \((\S+)-(\S+)\)/g)].map((match) => match.slice(1).map(Number));
  assert.equal(intervals.length, 3);
  intervals.forEach(([auc, low, high], i) => {
    const scatter = Math.sqrt(wide.shuffled[i]!.reduce((sum, one) => sum + (one - 0.5) ** 2, 0) / 25);
    assert.ok(scatter > 0.1, `${scatter}`); // DeLong's would be 0.12 at most
    assert.ok(low! === 0 || low! <= auc! - 1.96 * scatter + 0.011, wide.line);
    assert.ok(high! === 1 || high! >= auc! + 1.96 * scatter - 0.011, wide.line);
  });
});

const SHUFFLES = 4;
