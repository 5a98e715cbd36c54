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
  const origin = first + bestPhase(times.map((at) => at - first), intervalMs);
  const tickOf = (at: number) => Math.floor((at - origin) / intervalMs + 1e-9);
  const lateness = times.map((at) => at - origin - tickOf(at) * intervalMs);
  const hit = new Set(times.filter((_, i) => lateness[i]! <= intervalMs / 2).map(tickOf));
  const ticks = tickOf(times.at(-1)!) - tickOf(first) + 1;
  return { lateness, ticks, onTime: hit.size, driftPerMinute: slope(times, lateness) * 60_000 };
}

/** Nobody says when the ticks are: of all phases at which a cell stands, the one by which most cells are on time. */
function bestPhase(times: readonly number[], intervalMs: number): number {
  const phases = times.map((at) => ((at % intervalMs) + intervalMs) % intervalMs).sort((a, b) => a - b);
  // Once around, so that a window may reach past the end.
  const around = [...phases, ...phases.map((phase) => phase + intervalMs)];
  let best = { count: 0, width: Infinity, phase: 0 };
  for (let from = 0, to = 0; from < phases.length; from++) {
    while (to < around.length && around[to]! - phases[from]! <= intervalMs / 2) to++;
    const count = to - from;
    const width = around[to - 1]! - phases[from]!;
    if (count > best.count || (count === best.count && width < best.width)) {
      best = { count, width, phase: phases[from]! };
    }
  }
  return best.phase;
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
