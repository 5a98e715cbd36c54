// What an observer makes of one connection: numbers for the classifiers. They cover how many and how large, when, how
// regular, in bursts or with gaps, acknowledged when, and how the two directions relate. Labels never get in here.

import { deviation, mean } from "./grid.ts";
import { quantile } from "../harness/quantile.ts";
import type { Way } from "./flow.ts";

/** A segment; the bare acknowledgements have size 0. */
export interface Seen {
  readonly at: number;
  readonly way: Way;
  readonly size: number;
}

export interface Observation {
  /** In the order of time. */
  readonly seen: readonly Seen[];
  /** The window that is looked at, in milliseconds. */
  readonly from: number;
  readonly until: number;
}

/** `start` and `end`: of whole sessions, the handshake and the close as well. */
export interface WholeObservation extends Observation {
  readonly connectedAt: number;
}

/** Of the window alone: what cells tell. */
export function steadyFeatures({ seen, from, until }: Observation): number[] {
  const within = seen.filter(({ at }) => at >= from && at < until);
  const up = within.filter(({ way, size }) => way === "up" && size > 0);
  const down = within.filter(({ way, size }) => way === "down" && size > 0);
  return [
    ...oneWay(up),
    ...oneWay(down),
    ...acknowledgements(within, "up"),
    ...acknowledgements(within, "down"),
    together(up, down),
    together(down, up),
  ];
}

/** Of the whole session: sizes and times of its beginning, its cells, its end. */
export function wholeFeatures(whole: WholeObservation): number[] {
  const { seen, connectedAt, from } = whole;
  const data = seen.filter(({ size }) => size > 0);
  const start = data.filter(({ at }) => at < connectedAt).slice(0, START_SEGMENTS);
  const origin = seen[0]?.at ?? 0;
  const beginning = Array.from({ length: START_SEGMENTS }, (_, i) => start[i])
    .flatMap((s) => [s?.size ?? -1, (s?.at ?? origin) - origin, s?.way === "up" ? 1 : 0]);
  const tail = seen.slice(-END_SEGMENTS);
  const last = data.at(-1)?.at ?? origin;
  const ending = Array.from({ length: END_SEGMENTS }, (_, i) => tail[i])
    .flatMap((s) => [s?.size ?? -1, Math.min((s?.at ?? last) - last, 1000), s?.way === "up" ? 1 : 0]);
  return [...beginning, data.filter(({ at }) => at < from).length, ...steadyFeatures(whole), ...ending];
}

/** Both TLS flights, the offer, the answer, the accept and a cell or two. */
const START_SEGMENTS = 7;
/** The last cell, its acknowledgement, and how the connection is closed. */
const END_SEGMENTS = 4;

/** When the cells of one direction left, within the window. */
export function timesOf({ seen, from, until }: Observation, way: Way): number[] {
  return seen.filter((s) => s.way === way && s.size > 0 && s.at >= from && s.at < until).map(({ at }) => at);
}

/** Of each pause between two cells of one direction, in milliseconds. */
export function pausesOf(observation: Observation, way: Way): number[] {
  const times = timesOf(observation, way);
  return times.slice(1).map((at, i) => at - times[i]!);
}

function oneWay(cells: readonly Seen[]): number[] {
  const pauses = cells.slice(1).map(({ at }, i) => at - cells[i]!.at);
  const sorted = pauses.toSorted((a, b) => a - b);
  const middle = quantile(sorted, 0.5);
  // How late each cell is for a grid through the whole window: the interval is not secret.
  const late = latenessOf(cells.map(({ at }) => at), middle).sort((a, b) => a - b);
  const sizes = cells.map(({ size }) => size);
  return [
    cells.length,
    sizes.reduce((sum, size) => sum + size, 0),
    deviation(sizes),
    new Set(sizes).size,
    mean(pauses),
    deviation(pauses),
    ...[0, 0.05, 0.25, 0.5, 0.75, 0.95, 1].map((q) => q === 1 ? sorted.at(-1) ?? 0 : quantile(sorted, q)),
    pauses.filter((pause) => pause < middle / 2).length,
    pauses.filter((pause) => pause > middle * 1.5).length,
    correlation(pauses.slice(1), pauses.slice(0, -1)),
    mean(late),
    deviation(late),
    quantile(late, 0.75),
    quantile(late, 0.95),
    late.at(-1) ?? 0,
  ];
}

/** Against a line through times and tick numbers, with the earliest cell as on time. */
function latenessOf(times: readonly number[], interval: number): number[] {
  const [first] = times;
  if (first === undefined || interval <= 0) return [];
  const ticks = times.map((at) => Math.round((at - first) / interval));
  const [meanTick, meanAt] = [mean(ticks), mean(times)];
  const over = ticks.reduce((sum, tick, i) => sum + (tick - meanTick) * (times[i]! - meanAt), 0);
  const under = ticks.reduce((sum, tick) => sum + (tick - meanTick) ** 2, 0);
  const step = under === 0 ? interval : over / under;
  const off = times.map((at, i) => at - meanAt - (ticks[i]! - meanTick) * step);
  const earliest = Math.min(...off);
  return off.map((ms) => ms - earliest);
}

/** How soon, and how evenly, what came in one direction was acknowledged by a segment of the other. */
function acknowledgements(within: readonly Seen[], way: Way): number[] {
  const bare = within.filter((s) => s.way === way && s.size === 0).length;
  const delays: number[] = [];
  let open: number | undefined;
  for (const { at, way: from, size } of within) {
    if (from !== way && size > 0) open ??= at;
    if (from === way && open !== undefined) {
      delays.push(at - open);
      open = undefined;
    }
  }
  delays.sort((a, b) => a - b);
  return [bare, mean(delays), deviation(delays), quantile(delays, 0.5), quantile(delays, 0.95)];
}

/** Whether a pause of one direction tells of the pause before it in the other: an answer would. */
function together(cells: readonly Seen[], others: readonly Seen[]): number {
  const pairs: [number, number][] = [];
  for (let i = 1, j = 0; i < cells.length; i++) {
    while (j < others.length && others[j]!.at <= cells[i]!.at) j++;
    if (j >= 2) pairs.push([cells[i]!.at - cells[i - 1]!.at, others[j - 1]!.at - others[j - 2]!.at]);
  }
  return correlation(pairs.map(([a]) => a), pairs.map(([, b]) => b));
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const under = deviation(a) * deviation(b);
  return under === 0 ? 0 : mean(a.map((value, i) => (value - meanA) * (b[i]! - meanB))) / under;
}
