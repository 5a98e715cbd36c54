// Two real Sesame processes that know the same phrase and are connected, one in each role.

import { type JsonEvent, Sesame, type StartOptions } from "./process.ts";

export const PHRASE = "correct horse battery staple";

/** The shortest tick there is. */
export const FAST: readonly string[] = ["--interval", "50"];

export interface PairOptions {
  readonly listener?: readonly string[];
  readonly dialer?: readonly string[];
}

/** Owns both. */
export class Pair implements AsyncDisposable {
  private constructor(
    readonly listener: Sesame,
    readonly dialer: Sesame,
    /** The listener's address. */
    readonly address: string,
    /** PeerId of the listener as the dialer sees it, and the other way round. */
    readonly listenerId: string,
    readonly dialerId: string,
  ) {}

  static async connect(options: PairOptions = {}): Promise<Pair> {
    const listener = await listen(options.listener);
    try {
      const address = await addressOf(listener);
      const dialer = await dial(address, options.dialer);
      try {
        const [out, into] = await Promise.all([dialer.event("connected"), listener.event("connected")]);
        return new Pair(listener, dialer, address, String(out.peer), String(into.peer));
      } catch (error) {
        await dialer[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      await listener[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.listener[Symbol.asyncDispose](), this.dialer[Symbol.asyncDispose]()]);
  }
}

/** One that a script runs: events as JSON, and the phrase on its standard input. */
export function scripted(args: readonly string[], options: StartOptions = {}): Promise<Sesame> {
  return Sesame.start([...args, "--json", "--phrase-fd", "0"], { phrase: PHRASE, ...options });
}

/** On a port that the system chose. */
export function listen(options: readonly string[] = [], phrase = PHRASE): Promise<Sesame> {
  return scripted(["listen", "127.0.0.1:0", ...options], { phrase });
}

export function dial(address: string, options: readonly string[] = [], phrase = PHRASE): Promise<Sesame> {
  return scripted(["connect", address, ...options], { phrase });
}

export async function addressOf(listener: Sesame): Promise<string> {
  return String((await listener.event("listening")).address);
}

/** Says a line and waits until the other side has shown it and this one has heard so. */
export async function deliver(from: Sesame, to: Sesame, text: string, ms?: number): Promise<JsonEvent> {
  await from.say(text);
  const shown = await to.like("message", { text }, ms);
  await from.like("delivered", { id: shown.id }, ms);
  return shown;
}
