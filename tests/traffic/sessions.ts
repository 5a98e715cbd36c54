// Labelled sessions of real product processes, many at once over loopback, each side at a separate terminal (script(1))
// with keys pressed as people press them. One batch holds all labels in equal parts, so that whatever else the machine
// is doing meanwhile falls on all of them alike.
//
// Out of scope: capturing (capture.ts), what the labels are compared for (traffic.ts).

import { TemporaryFolder } from "../../scripts/release/files.ts";
import { Child, pause } from "../harness/child.ts";
import { productLine } from "../harness/product.ts";
import { PORTS } from "./capture.ts";
import type { WholeObservation } from "./features.ts";
import type { Flow } from "./flow.ts";
import { type Activity, keysOf, type Line, linesOf, type Side } from "./human.ts";
import type { Key } from "./keys.ts";
import type { Random } from "../simulation/random.ts";

export interface Label {
  readonly activity: Activity;
  readonly mode: "real" | "decoy";
  /** Listeners that the dialer calls. */
  readonly peers: 1 | 3;
  readonly cover: "constant" | "off";
}

export interface Plan {
  readonly label: Label;
  readonly intervalMs: number;
  /** How long the cells are looked at. */
  readonly windowMs: number;
}

/** A session that has been, and where its traffic is in the capture. */
export interface Played {
  readonly label: Label;
  /** The first listener's; the connection with it is the one looked at. */
  readonly port: number;
  readonly phrase: string;
  /** Milliseconds since the epoch, as in the capture. */
  readonly windowFrom: number;
  readonly windowUntil: number;
  /** Messages that the two sides were seen to have got, of those that were said. */
  readonly said: number;
  /** What was said, for whoever looks for the cause of a red row. */
  readonly lines: readonly Line[];
  readonly keys: readonly Key[];
}

let nextPort: number = PORTS.first;

/** Plays all of them at once. Throws if a session does not come about. */
export async function play(plans: readonly Plan[], random: Random): Promise<Played[]> {
  using folder = new TemporaryFolder("phrases");
  const sessions = plans.map((plan) => new RealSession(plan, folder.path, random));
  try {
    await Promise.all(sessions.map((session) => session.connect()));
    await pause(SETTLE_MS); // starting is work; it is over for all before anybody is looked at
    await Promise.all(sessions.map((session) => session.talk()));
    // Asked one after the other, so that saying goodbye meets the same load everywhere.
    for (const session of sessions) await session.quit();
    return sessions.map((session) => session.played());
  } finally {
    await Promise.all(sessions.map((session) => session.end()));
  }
}

const SETTLE_MS = 1_500;
const PASTE_EVERY_MS = 4_000;

class RealSession {
  readonly #plan: Plan;
  readonly #phraseFile: string;
  readonly #phrase: string;
  readonly #lines: readonly Line[];
  readonly #random: Random;
  readonly #ports: readonly number[];
  readonly #pressed: Key[] = [];
  #dialer: Child | undefined;
  #listeners: Child[] = [];
  #from = 0;
  #until = 0;

  constructor(plan: Plan, folder: string, random: Random) {
    this.#plan = plan;
    this.#random = random;
    this.#ports = Array.from({ length: plan.label.peers }, takePort);
    // Of every length from 16 to 200: what it is must not show.
    this.#phrase = `wire ${crypto.randomUUID()} `.repeat(5).slice(0, 16 + random.below(184)).trim();
    this.#phraseFile = `${folder}/${this.#ports[0]}`;
    this.#lines = linesOf(plan.label.activity, plan.windowMs - 500, random, PASTE_EVERY_MS);
  }

  async connect(): Promise<void> {
    await Deno.writeTextFile(this.#phraseFile, `${this.#phrase}\n`);
    const { label, intervalMs } = this.#plan;
    const options = [
      ...["--interval", String(intervalMs), "--cover", label.cover, "--phrase-fd", "3"],
      ...(label.mode === "decoy" ? ["--decoy"] : []),
    ];
    this.#listeners = this.#ports.map((port) => this.#start(["listen", `127.0.0.1:${port}`, ...options]));
    await Promise.all(this.#ports.map((port) => untilListening(port)));
    this.#dialer = this.#start(["connect", ...this.#ports.map((port) => `127.0.0.1:${port}`), ...options]);
    await Promise.all([
      this.#dialer.until(/Connected: /),
      ...this.#listeners.map((listener) => listener.until(/Connected: /)),
    ]);
  }

  async talk(): Promise<void> {
    const began = performance.now();
    this.#from = Date.now();
    this.#until = this.#from + this.#plan.windowMs;
    const keys = this.#lines.flatMap((line) => keysOf(line, this.#random).map((k) => ({ ...k, side: line.side })))
      .filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at);
    for (const { at, keys: pressed, side } of keys) {
      const wait = began + at - performance.now();
      if (wait > 0) await pause(wait);
      this.#pressed.push({ at: performance.timeOrigin + performance.now(), side });
      await this.#terminal(side).write(pressed);
    }
    await pause(Math.max(0, began + this.#plan.windowMs - performance.now()));
  }

  /** As a person leaves: the command, then Enter. What is typed by then is taken away first. */
  async quit(): Promise<void> {
    await this.#dialer!.write("\x15/quit\r");
    await this.#dialer!.ended;
  }

  played(): Played {
    return {
      label: this.#plan.label,
      port: this.#ports[0]!,
      phrase: this.#phrase,
      windowFrom: this.#from,
      windowUntil: this.#until,
      said: this.#lines.length,
      lines: this.#lines,
      keys: this.#pressed,
    };
  }

  async end(): Promise<void> {
    await Promise.all([this.#dialer, ...this.#listeners].map((terminal) => terminal?.[Symbol.asyncDispose]()));
  }

  #start(args: readonly string[]): Child {
    return Child.onTerminal(`stty rows 40 cols 120; exec ${productLine(args)} 3<'${this.#phraseFile}'`);
  }

  #terminal(side: Side): Child {
    return side === "dialer" ? this.#dialer! : this.#listeners[0]!;
  }
}

function takePort(): number {
  const port = nextPort;
  nextPort = port >= PORTS.last ? PORTS.first : port + 1;
  return port;
}

/** From the kernel's table, so that nobody has to connect to find out. */
async function untilListening(port: number): Promise<void> {
  const entry = `:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
  for (let tries = 0; tries < 300; tries++) {
    if ((await Deno.readTextFile("/proc/net/tcp")).includes(entry)) return;
    await pause(50);
  }
  throw new Error(`nobody listens on port ${port}`);
}

/** What the observer has of it. */
export function observationOf(played: Played, flows: readonly Flow[]): WholeObservation {
  const flow = flows.find(({ listener }) => listener.endsWith(`:${played.port}`));
  if (flow === undefined) throw new Error(`the capture has nothing of port ${played.port}`);
  // The first of a long row of segments of one size, in both directions: what an observer takes for the beginning.
  const first = connectedAt(flow);
  return {
    seen: flow.sent.filter(({ again }) => !again).map(({ at, way, size }) => ({ at, way, size })),
    connectedAt: first,
    from: played.windowFrom,
    until: played.windowUntil,
  };
}

/** When the accept was seen: the third TLS record of a frame's size, after offer and answer. */
export function connectedAt(flow: Flow): number {
  const frames = flow.records.filter(({ size }) => size === FRAME_RECORD);
  return frames[2]?.at ?? Infinity;
}

/** FRAME_SIZE, and what TLS 1.3 adds: a header of 5, the type, a tag of 16. */
export const FRAME_RECORD = 1280 + 22;
