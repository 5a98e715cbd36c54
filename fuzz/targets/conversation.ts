// docs/PROTOCOL.md sections 3 to 7: one session, fed whatever can happen to it. Its peer is another session or, if the
// input's first byte is odd, somebody who knows the phrase and seals whatever they like. Input: a list of events.

import { StretchedPhrase } from "../../src/auth/stretched.ts";
import {
  CELL_PLAINTEXT_SIZE,
  FRAGMENT_CAPACITY,
  FRAME_SIZE,
  OPENING_CELLS,
  OPENING_GAP_MS,
} from "../../src/constants.ts";
import type { Frame, Role } from "../../src/ports.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import { type Effect, type Event, Session } from "../../src/session/step.ts";
import { FrameType } from "../../src/wire/frame.ts";
import { encodeMessage } from "../../src/wire/message.ts";
import {
  CONSTANT,
  COVER_OFF,
  fixedPhrase,
  IDS,
  makeSession,
  messageId,
  other,
  RawPeer,
} from "../../tests/simulation/session_pair.ts";
import { seededEntropy, testArena } from "../../tests/harness/arena.ts";
import { edit, Input, joined, must, padded, type Target } from "../target.ts";

const OPS_MAX = 120;
/** Of both sides together, so that no input takes long. */
const TICKS_MAX = 300;
const EVENTS: readonly string[] = ["dialer", "listener"];

export const target: Target = {
  name: "conversation",
  maxLength: 600,
  dictionary: [Uint8Array.of(3, 1, 0), Uint8Array.of(8, 3, 0xe8), Uint8Array.of(10, 1)],
  // Events: 0 say, 1 hold or let go, 2 let so many through, 3 disturb, 6 shown, 7 leave or nudge, 8 time passes, 10 unsent.
  seeds: () => [
    joined([0, 0], [0, 0, 5, 1], [8, 0, 1, 0xf4], [8, 0, 1, 0xf4], [6, 1, 5], [8, 0, 1, 0xf4], [7, 0, 0], [
      8,
      0,
      0xff,
      0xff,
    ]),
    joined([2, 0], [0, 1, 0, 2], [8, 0, 1, 0], [6, 0, 0], [8, 0, 0x40, 0], [8, 0, 0x40, 0]),
    joined([2, 0], [1, 0], [8, 0, 0xff, 0xff], [0, 1, 7, 0], [8, 0, 0x9f, 0xff]),
    joined([0, 0], [1, 0], [0, 0, 9, 4], [8, 0, 8, 0], [3, 0, 1, 0], [3, 0, 0, 1], [2, 0, 7], [8, 0, 1, 0xf4], [1, 0]),
    joined([0, 3], [8, 0, 0xff, 0xff]),
    joined([1, 0], ...Array.from({ length: 6 }, (_, n) => [6, n, 0, 5, n, 9, n, 0, 0, 0, 2, 0x61, 0x62])),
    joined([3, 1], [10, 0, 3, 1, 0, 0], [8, 1, 0xf4], [10, 0, 1, 0], [4, 1, 0, 60, 9]),
  ],
  async make() {
    const arena = await testArena();
    const phrase = fixedPhrase(arena);
    return (data) => {
      const before = arena.used;
      play(arena, phrase, new Input(data));
      must(arena.used === before, "every secret is given back");
    };
  },
};

function play(arena: Arena, phrase: StretchedPhrase, input: Input): void {
  const flags = input.pick(4);
  const shape = (flags & 2) === 0 ? CONSTANT : COVER_OFF;
  using talk = new Talk(arena, phrase, shape === CONSTANT, {
    dialer: makeSession(arena, "dialer", shape),
    listener: makeSession(arena, "listener", shape),
  });
  if ((flags & 1) === 1) return alone(arena, phrase, talk, input);
  const opening = input.pick(4); // mostly they authenticate first, since little happens before
  if (opening < 3) talk.step("listener", { type: "opened", phrase });
  for (let n = 0; n < OPS_MAX && !input.empty && talk.alive; n++) {
    event(talk, phrase, input);
  }
}

function event(talk: Talk, phrase: StretchedPhrase, input: Input): void {
  const op = input.pick(11);
  const role = EVENTS[input.pick(2)] as Role;
  if (op === 0) return talk.say(role, input.pick(70), input.pick(6));
  if (op === 1) return void (talk.holding[role] = !talk.holding[role]);
  if (op === 2) return talk.release(role, input.pick(8));
  if (op === 3) return talk.disturb(role, input);
  if (op === 4) return void talk.step(role, { type: "opened", phrase });
  if (op === 5) return void talk.step(role, { type: "stretched", phrase });
  if (op === 6) {
    return void talk.step(role, {
      type: "shown",
      id: messageId(input.pick(70)),
    });
  }
  if (op === 7) {
    return void talk.step(role, {
      type: input.pick(3) === 0 ? "leave" : "nudge",
    });
  }
  if (op === 8) return talk.pass(role === "dialer" ? input.u16() : input.u8());
  if (op === 9) return void talk.step(role, { type: "admit" });
  talk.unsent = input.pick(20);
}

/** Somebody who has the phrase and no manners. */
function alone(
  arena: Arena,
  phrase: StretchedPhrase,
  talk: Talk,
  input: Input,
): void {
  const role = EVENTS[input.pick(2)] as Role;
  using peer = new RawPeer(arena, other(role), seededEntropy("raw"));
  talk.deaf = true;
  if (role === "listener") {
    talk.step("listener", { type: "opened", phrase });
    talk.step("listener", {
      type: "frame",
      frame: peer.answer(talk.last!, phrase),
    });
    peer.accepted(talk.last!);
  } else {
    talk.step("dialer", { type: "frame", frame: peer.offer(phrase) });
    talk.step("dialer", { type: "frame", frame: peer.accept(talk.last!) });
  }
  const live: string = talk.sessions[role].phase;
  must(live === "live", "an honest handshake succeeds");
  for (
    let n = 0;
    n < OPS_MAX && !input.empty && talk.sessions[role].phase !== "over";
    n++
  ) {
    const op = input.pick(11);
    if (op === 8) talk.pass(input.u16());
    else if (op === 9) talk.frame(role, peer.seal(fragment(input)));
    else if (op === 10) {
      talk.frame(role, peer.sealBytes(padded(input.some(CELL_PLAINTEXT_SIZE), CELL_PLAINTEXT_SIZE)));
    } else if (op === 7) {
      for (const frame of peer.json(padded(input.some(200), 200))) {
        talk.frame(role, frame);
      }
    } else if (op === 6) {
      const id = messageId(input.pick(70));
      const message = input.pick(2) === 0
        ? encodeMessage({ type: "chat", id, text: "x" })
        : encodeMessage({ type: "ack", id });
      for (const frame of peer.json(message)) talk.frame(role, frame);
    } else if (op === 5) {
      talk.step(role, { type: "shown", id: messageId(input.pick(70)) });
    } else if (op === 4) {
      const frame = peer.dummy();
      if (edit(frame, input, 3)) talk.frame(role, frame);
    } else talk.frame(role, peer.dummy());
  }
}

function fragment(
  input: Input,
): {
  kind: "fragment";
  messageId: number;
  index: number;
  count: number;
  data: Uint8Array;
} {
  const [messageId, count] = [input.u8(), input.pick(14) + 1];
  const index = input.pick(count);
  const last = index === count - 1;
  const data = last ? padded(input.some(600), 600) : new Uint8Array(FRAGMENT_CAPACITY).fill(0x61);
  return { kind: "fragment", messageId, index, count, data };
}

/** Both sessions, what is between them, and everything that must hold whatever happens. */
class Talk implements Disposable {
  now = 0;
  unsent = 0;
  /** Nobody hears what is sent. */
  deaf = false;
  /** The frame that was sent last. */
  last: Frame | undefined;
  readonly holding: Record<Role, boolean> = { dialer: false, listener: false };
  readonly #held: Record<Role, Frame[]> = { dialer: [], listener: [] };
  readonly #entropy = { dialer: seededEntropy("dialer"), listener: seededEntropy("listener") };
  readonly #said: Record<Role, string[]> = { dialer: [], listener: [] };
  readonly #heard: Record<Role, string[]> = { dialer: [], listener: [] };
  readonly #cellAt: Record<Role, number> = { dialer: -1, listener: -1 };
  readonly #verifiedAt: Record<Role, number> = { dialer: 0, listener: 0 };
  readonly #frameAt: Record<Role, number> = { dialer: 0, listener: 0 };
  readonly #openedAt: Record<Role, number[]> = { dialer: [], listener: [] };
  #ticks = 0;
  readonly #closed: Record<Role, boolean> = { dialer: false, listener: false };

  constructor(
    readonly arena: Arena,
    readonly phrase: StretchedPhrase,
    readonly constant: boolean,
    readonly sessions: Readonly<Record<Role, Session>>,
  ) {}

  get alive(): boolean {
    return this.sessions.dialer.phase !== "over" ||
      this.sessions.listener.phase !== "over";
  }

  step(role: Role, event: Event): Effect[] {
    const session = this.sessions[role];
    if (event.type === "frame" && session.phase !== "over") this.#frameAt[role] = this.now;
    const effects = session.step(event, this.now, this.#entropy[role]); // it never throws
    must(!this.#closed[role] || effects.length === 0, "after a close nothing happens");
    for (const [n, effect] of effects.entries()) {
      if (effect.type === "close") {
        must(n === effects.length - 1 && session.phase === "over", "a close is the last thing, and all is wiped");
        this.#closed[role] = true;
      }
      if (effect.type === "send") this.#sent(role, event, effect.frame);
      if (effect.type === "opened") this.#openedAt[role].push(this.now);
      if (effect.type === "received") this.#received(role, effect.message);
      if (effect.type === "stretch") {
        this.step(role, { type: "stretched", phrase: this.phrase });
      }
      if (effect.type !== "verified") continue;
      this.#verifiedAt[role] = this.now;
      this.step(role, { type: "admit" });
    }
    const asked = session.phase !== "over";
    must(!asked || session.isSilent(this.now) === this.#silent(role), "a session is silent when section 8 says so");
    must(session.unacknowledged <= 64, "at most 64 chats wait for their ack");
    return effects;
  }

  frame(role: Role, frame: Frame): void {
    const lent = frame.slice();
    this.step(role, { type: "frame", frame: lent });
    lent.fill(0xee); // it was lent for the step
  }

  say(role: Role, n: number, size: number): void {
    const text = "x".repeat([0, 1, 100, 1200, 5000, 16000][size]!);
    if (this.#said[role].includes(messageId(n))) return; // an honest side says an id once on a connection
    this.#said[role].push(messageId(n));
    this.step(role, {
      type: "submit",
      message: { type: "chat", id: messageId(n), text },
    });
  }

  release(role: Role, most: number): void {
    for (const frame of this.#held[role].splice(0, most)) {
      this.frame(other(role), frame);
    }
  }

  /** Somebody in between: without the keys he can drop, repeat, reorder and change. */
  disturb(role: Role, input: Input): void {
    const held = this.#held[role];
    const at = input.pick(Math.max(1, held.length));
    const frame = held[at];
    const how = input.pick(4);
    if (frame === undefined) {
      this.frame(other(role), padded(input.some(60), FRAME_SIZE));
    } else if (how === 0) held.splice(at, 1);
    else if (how === 1) held.push(frame.slice());
    else if (how === 2) edit(frame, input, 2);
    else held.unshift(...held.splice(at, 1));
  }

  /** Time passes; who is due is told, at most so often. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (; this.#ticks < TICKS_MAX; this.#ticks++) {
      const [role] = (["dialer", "listener"] as const).toSorted((a, b) =>
        this.sessions[a].deadline - this.sessions[b].deadline
      );
      const { deadline } = this.sessions[role!]!;
      if (deadline > end) break;
      this.now = Math.max(this.now, deadline);
      this.step(role!, { type: "time", unsent: this.unsent });
      must(this.sessions[role!]!.deadline > this.now, "a deadline that was met does not come again at once");
    }
    this.now = Math.max(this.now, end);
  }

  [Symbol.dispose](): void {
    for (const session of Object.values(this.sessions)) {
      session[Symbol.dispose]();
    }
  }

  /** Ten cells within 10 s and then nothing for 5 s, or nothing for 45 s. */
  #silent(role: Role): boolean {
    const quiet = this.now - this.#frameAt[role];
    const ten = this.#openedAt[role].slice(-10);
    return quiet >= 45_000 || (ten.length === 10 && ten[9]! - ten[0]! <= 10_000 && quiet >= 5_000);
  }

  #sent(role: Role, event: Event, frame: Frame): void {
    must(frame.length === FRAME_SIZE, "every frame has its one size");
    if (frame[1] === FrameType.cell) {
      must(event.type === "time", "a cell leaves on a tick and never because of what was typed or arrived");
      must(this.now - this.#cellAt[role] >= this.#least(role) || this.#cellAt[role] < 0, "one cell a tick");
      this.#cellAt[role] = this.now;
    }
    this.last = frame;
    if (this.deaf) return;
    if (this.holding[role]) this.#held[role].push(frame);
    else this.frame(other(role), frame);
  }

  /** How soon a cell may follow the last one. Between the opening and the grid there is no telling. */
  #least(role: Role): number {
    if (!this.constant) return 19.9;
    const isOpening = (at: number) => at - this.#verifiedAt[role] <= (OPENING_CELLS - 1) * OPENING_GAP_MS + 0.1;
    return isOpening(this.now) ? OPENING_GAP_MS - 0.1 : isOpening(this.#cellAt[role]) ? 0 : 249.9;
  }

  #received(
    role: Role,
    message: { type: string; id?: string; text?: string },
  ): void {
    if (message.type !== "chat" || this.deaf) return;
    must(this.#said[other(role)].includes(message.id!), `nobody said ${message.id} to ${IDS[role]}`);
    must(!this.#heard[role].includes(message.id!), "nothing comes twice");
    this.#heard[role].push(message.id!);
  }
}
