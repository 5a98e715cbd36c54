// The key that an onion name requires of its callers (client authorization, rend-spec-v3): lent to the Tor that calls
// go through while a call is being made, and then taken back. Scope: when. Out of scope: the control port (control.ts).

import { bareName } from "./key_text.ts";
import { ControlError, type ControlOptions, openFirst, type TorControl, type Trust } from "./control.ts";

export interface ClientKeysOptions extends ControlOptions, Trust {
  /** The SOCKS port that calls go through: only the Tor that has it is given the key. */
  readonly socksPort: number;
  /** The private X25519 key, 32 bytes, lent. */
  readonly key: Uint8Array;
}

/** Takes back what was lent; never rejects. */
export type TakeBack = () => Promise<void>;

interface Lent {
  /** Of this name, that are being made. */
  calls: number;
  /** The connection that has given Tor the key. */
  readonly control: Promise<TorControl>;
}

/** Not for as long as we run: a line stands without the key, and F12 leaves no time to take it back. */
export class ClientKeys {
  readonly #options: ClientKeysOptions;
  /** By bare name. */
  readonly #lent = new Map<string, Lent>();
  /** Over once no key is being taken back: it could be the one that the next call needs. */
  #returning: Promise<void> = Promise.resolve();
  #over = false;

  constructor(options: ClientKeysOptions) {
    this.#options = options;
  }

  /**
   * Resolves once Tor can call this name, until it is taken back. A host that is not an onion name needs nothing. Rejects with
   * ControlError.
   */
  readonly lend = async (host: string): Promise<TakeBack> => {
    const name = bareName(host);
    if (name === undefined) return () => Promise.resolve();
    if (this.#over) throw new ControlError("lost");
    const entry = this.#lent.get(name) ?? { calls: 0, control: this.#give(name) };
    this.#lent.set(name, entry);
    entry.calls++;
    try {
      await entry.control;
    } catch (error) {
      this.#forget(name, entry);
      throw error;
    }
    let returned = false;
    return async () => {
      if (returned) return;
      returned = true;
      // Whoever takes it out of the list takes it back: the last call, or the end.
      if (--entry.calls > 0 || !this.#forget(name, entry)) return;
      const taking = takenBack(entry, name);
      // At once: the next call may come before Tor hears of it.
      this.#returning = Promise.all([this.#returning, taking]).then(() => {});
      await taking;
    };
  };

  /** Takes back what is lent; resolves when Tor has said so, or after a second. */
  async end(after: (ms: number, run: () => void) => () => void): Promise<void> {
    this.#over = true;
    const taking = [...this.#lent].map(([name, entry]) => takenBack(entry, name));
    this.#lent.clear();
    let cancel = () => {};
    const late = new Promise<void>((done) => cancel = after(END_MS, done));
    await Promise.race([Promise.allSettled([this.#returning, ...taking]), late]);
    cancel();
  }

  /** False: somebody else has. */
  #forget(name: string, entry: Lent): boolean {
    return this.#lent.get(name) === entry && this.#lent.delete(name);
  }

  async #give(name: string): Promise<TorControl> {
    await this.#returning;
    const { socksPort, key } = this.#options;
    const { control } = await openFirst(this.#options, async (control) => {
      if (!(await control.socksPorts()).includes(socksPort)) throw new ControlError("other-tor");
    });
    try {
      await control.addClientKey(name, key);
      return control;
    } catch (error) {
      control.close();
      throw error;
    }
  }
}

async function takenBack(entry: Lent, name: string): Promise<void> {
  const control = await entry.control;
  try {
    await control.removeClientKey(name);
  } catch (error) {
    // A Tor that has gone has forgotten it.
    if (!(error instanceof ControlError)) throw error;
  } finally {
    control.close();
  }
}

const END_MS = 1_000;
