// Which of several addresses answers first (RFC 8305 section 5): one attempt after another, each ATTEMPT_DELAY_MS after the
// one before it or at once when one fails; the first that opens wins, and the others are given up.
// Pure: connecting and the clock are arguments. Out of scope: names (resolve.ts), sockets (connect.ts).

import { ATTEMPT_DELAY_MS } from "../constants.ts";

export interface RaceParts<Address, Connection, Fault> {
  /**
   * Begins an attempt. Exactly one of `opened` and `failed` is called, and later than this returns; none, once the
   * returned function has been called, which gives the attempt up.
   */
  connect(address: Address, opened: (connection: Connection) => void, failed: (fault: Fault) => void): () => void;
  /** Calls `run` after `ms`, unless the returned function is called before. */
  after(ms: number, run: () => void): () => void;
  won(connection: Connection, address: Address): void;
  /** Every attempt has failed; in the order of the failures. */
  lost(faults: readonly Fault[]): void;
}

export interface Race<Fault> {
  /** Gives all attempts up: neither `won` nor `lost` is called from now on. How others failed until then. */
  stop(): readonly Fault[];
}

/** Starts with the first address before it returns. `won` or `lost` is called once, later. There is one address at least, and none twice. */
export function race<Address, Connection, Fault>(
  addresses: readonly Address[],
  parts: RaceParts<Address, Connection, Fault>,
): Race<Fault> {
  const waiting = [...addresses];
  const running = new Map<Address, () => void>();
  const faults: Fault[] = [];
  let cancelNext = () => {};
  const stop = () => {
    cancelNext();
    for (const giveUp of running.values()) giveUp();
    running.clear();
    waiting.length = 0;
    return faults;
  };
  const next = () => {
    cancelNext();
    const address = waiting.shift();
    if (address === undefined) return;
    const giveUp = parts.connect(address, (connection) => {
      running.delete(address);
      stop();
      parts.won(connection, address);
    }, (fault) => {
      running.delete(address);
      faults.push(fault);
      if (waiting.length > 0) next();
      else if (running.size === 0) parts.lost(faults);
    });
    running.set(address, giveUp);
    cancelNext = waiting.length > 0 ? parts.after(ATTEMPT_DELAY_MS, next) : () => {};
  };
  next();
  return { stop };
}
