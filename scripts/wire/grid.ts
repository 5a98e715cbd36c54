// How well a direction keeps its grid: the times of its cells against the ticks that fit them best.

export interface Grid {
  /** How late each cell is, in milliseconds, against a grid that none of them is early for. */
  readonly lateness: number[];
  /** Ticks between the first cell and the last. */
  readonly ticks: number;
  /** Of those, the ones with a cell within half an interval. */
  readonly onTime: number;
  /** The slope of lateness over time, in milliseconds a minute: 0 for a grid that does not drift. */
  readonly driftPerMinute: number;
}

/** `times` in order, in milliseconds. */
export function gridOf(times: readonly number[], intervalMs: number): Grid {
  const [first] = times;
  if (first === undefined) return { lateness: [], ticks: 0, onTime: 0, driftPerMinute: 0 };
  // The first cell may itself have been late by any part of an interval: the earliest phase counts, measured around it.
  const phases = times.map((at) => centred(at - first, intervalMs));
  const origin = first + Math.min(...phases);
  const lateness = times.map((at) => at - (origin + Math.floor((at - origin) / intervalMs + 1e-9) * intervalMs));
  const hit = new Set<number>();
  for (const at of times) {
    const tick = Math.floor((at - origin) / intervalMs + 1e-9);
    if (at - origin - tick * intervalMs <= intervalMs / 2) hit.add(tick);
  }
  const ticks = Math.floor((times.at(-1)! - origin) / intervalMs + 1e-9) + 1;
  return { lateness, ticks, onTime: hit.size, driftPerMinute: slope(times, phases) * 60_000 };
}

/** The remainder, from minus half an interval to half an interval. */
function centred(ms: number, intervalMs: number): number {
  return ms - Math.round(ms / intervalMs) * intervalMs;
}

function slope(x: readonly number[], y: readonly number[]): number {
  const meanX = mean(x);
  const meanY = mean(y);
  const over = x.reduce((sum, value, i) => sum + (value - meanX) * (y[i]! - meanY), 0);
  const under = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  return under === 0 ? 0 : over / under;
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/** The smallest value that is not less than a share `q` of them; 0 of none. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}
