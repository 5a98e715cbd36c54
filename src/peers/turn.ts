// One step of `peers` while it runs: its time and entropy, and the effects that all parts write in one order.

import type { Notice } from "../notice.ts";
import type { Entropy, Millis } from "../ports.ts";
import type { Effect } from "./event.ts";

export class Turn {
  now: Millis = 0;
  entropy: Entropy = () => {
    throw new Error("entropy outside a step");
  };
  effects: Effect[] = [];
  /** The person is leaving: nobody is let in, nobody is called, and the person hears of neither. */
  leaving = false;
  /** Who is here has changed since friends were last told, or a name, or the connection that somebody uses. */
  presenceChanged = false;

  begin(now: Millis, entropy: Entropy): void {
    this.now = now;
    this.entropy = entropy;
    this.effects = [];
  }

  notice(notice: Notice): void {
    this.effects.push({ type: "notice", notice });
  }

  /** Uniform in [0, 1). */
  random(): number {
    const bytes = new Uint8Array(4);
    this.entropy(bytes);
    return new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
  }
}
