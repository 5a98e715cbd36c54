// What must hold after every step of every process, whatever the network did (docs/PROTOCOL.md sections 4 to 8), and what
// must hold once all is quiet. The watcher sees events and effects only, and keeps its own books.

import {
  COVER_OFF_FIRST_MS,
  FRAME_HEADER_SIZE,
  FRAME_SIZE,
  INTERVAL_MIN_MS,
  MAX_UNCONFIRMED,
  MESSAGE_ID_SIZE,
  OPENING_CELLS,
  OPENING_GAP_MS,
} from "../../src/constants.ts";
import type { MessageId, Notice } from "../../src/notice.ts";
import type { LinkId } from "../../src/peers/connection.ts";
import type { Effect, Event } from "../../src/peers/event.ts";
import type { Millis, PeerId } from "../../src/ports.ts";
import { FrameType } from "../../src/wire/frame.ts";
import type { MemoryLink } from "./memory_link.ts";
import type { Node } from "./node.ts";

export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
}

interface Said {
  readonly sequence: number;
  readonly text: string;
  readonly to: ReadonlySet<PeerId>;
}

/** Of one PeerId, kept after its process has ended. */
interface Life {
  readonly node: Node;
  readonly said: Map<MessageId, Said>;
  readonly connected: Set<PeerId>;
  readonly byes: Set<PeerId>;
  /** By sender: what was handed to the screen, and what the screen has shown. */
  readonly handed: Map<PeerId, Set<MessageId>>;
  readonly lastHanded: Map<PeerId, number>;
  readonly shown: Set<string>;
  readonly delivered: Set<string>;
  readonly unconfirmed: Set<string>;
  readonly callsEnded: Set<string>;
  authenticated: number;
  /** When its process last woke up late. */
  lateAt: Millis;
}

/** Of one end of a connection. */
interface CallProgress {
  /** Which of its process's authentications it was; 0: none yet. */
  order: number;
  /** Its opening began, and so many ticks of it are over. */
  opened: Millis;
  opening: number;
  first: Millis | undefined;
  lastSlot: number;
  lastCell: Millis;
  /** Of its own cells: the epoch, and how many of it have left while all was calm. */
  epoch: number;
  calmCells: number;
}

/** Slots of a session that has skipped nothing, with room for a step under way; of all stretched phrases and one cell. */
const SLOTS_PER_LINK = 24;
const SLOTS_BESIDE = 110;
/** Each connection that could be kept has 5 s; then there is a moment to read the socket, and timers are late. */
const SETTLED_WITHIN_MS = 5_500;
/** Sums of times round. */
const HAIR = 0.01;
const MIN_GAP_OFF_MS = 20;
const OPENING_MS = (OPENING_CELLS - 1) * OPENING_GAP_MS;
/** A dialer asks for a renewal with its ninth cell of an epoch; the answer takes a tick of the slowest listener. */
const CALM_EPOCH_CELLS = 20;

export class Watcher {
  readonly lives = new Map<PeerId, Life>();
  /** Of everything that happened; equal for equal runs. */
  digest = 0x811c9dc5;
  steps = 0;
  cells = 0;
  delivered = 0;
  /** Nothing is done to the network any more. */
  calm = false;
  /** By process and peer: when the latest of their connections authenticated there. */
  readonly #choiceSince = new Map<string, Millis>();
  readonly #courses = new WeakMap<MemoryLink, CallProgress>();
  readonly #latenessMax: (node: Node) => number;
  readonly #log: ((line: () => string) => void) | undefined;
  /** Of the step under way. */
  #late = false;
  #recipients: PeerId[] = [];

  constructor(latenessMax: (node: Node) => number, log?: (line: () => string) => void) {
    this.#latenessMax = latenessMax;
    this.#log = log;
  }

  born(node: Node): void {
    this.lives.set(node.id, {
      node,
      said: new Map(),
      connected: new Set(),
      byes: new Set(),
      handed: new Map(),
      lastHanded: new Map(),
      shown: new Set(),
      delivered: new Set(),
      unconfirmed: new Set(),
      callsEnded: new Set(),
      authenticated: 0,
      lateAt: -Infinity,
    });
  }

  life(id: PeerId): Life {
    const life = this.lives.get(id);
    if (life === undefined) throw new SimulationFailure(`nobody is ${id}`);
    return life;
  }

  before(node: Node, event: Event, now: Millis): void {
    this.#late = event.type === "time" && now - node.peers.deadline > this.#latenessMax(node) + HAIR;
    if (this.#late) this.life(node.id).lateAt = now;
    if (event.type === "say") {
      this.#recipients = node.peers.present().filter((p) => p.unconfirmed < MAX_UNCONFIRMED).map((p) => p.peer);
    }
    // The screen has it from here on, whatever the step makes of it.
    if (event.type === "shown") this.life(node.id).shown.add(`${event.peer} ${event.id}`);
  }

  after(node: Node, event: Event, now: Millis, effects: readonly Effect[]): void {
    this.steps++;
    this.#mix(event.type, now);
    const life = this.life(node.id);
    const closed = new Set<LinkId>();
    const cellsOn = new Set<LinkId>();
    const about = this.#about(node, event);
    for (const effect of effects) {
      this.#mix(effect.type, "link" in effect ? effect.link : 0);
      if ("link" in effect) {
        const link = node.links.get(effect.link);
        this.#must(link !== undefined && !closed.has(effect.link), node, `${effect.type} for a link that is not there`);
        // What one friend does moves nothing on another friend's links.
        if (about !== undefined && !endsIntroduction(effect, link!.peer, life, effects)) {
          this.#must(link!.peer === about, node, `${event.type} touched another peer's link`);
        }
        if (effect.type === "close") closed.add(effect.link);
        if (effect.type === "send") this.#sent(node, event, link!, effect.frame, now, cellsOn, effect.link);
      }
      if (effect.type === "callEnded") life.callsEnded.add(effect.target);
      if (effect.type === "notice") this.#told(node, life, event, effect.notice);
    }
    this.#authenticated(node, event, now, effects, closed);
    this.#kept(node, event, closed);
    this.#books(node, life, now, event.type === "time" && !this.#late);
  }

  /** The process has ended; what it never answered for is its own affair. */
  ended(node: Node, arenaIsItsOwn: boolean): void {
    if (arenaIsItsOwn) this.#must(node.arena.used === 0, node, `${node.arena.used} slots of secrets are left`);
  }

  // --- Frames ---

  #sent(
    node: Node,
    event: Event,
    link: MemoryLink,
    frame: Uint8Array,
    now: Millis,
    cellsOn: Set<LinkId>,
    id: LinkId,
  ): void {
    this.#must(frame.length === FRAME_SIZE, node, `a frame of ${frame.length} bytes`);
    this.#must(frame[0] === 1 && frame[2] === 0 && frame[3] === 0, node, "a frame with a wrong header");
    const course = this.#course(link);
    if (frame[1] !== FrameType.cell) return;
    this.cells++;
    this.#must(course.order > 0, node, "a cell before authentication");
    this.#must(event.type === "time", node, `a cell left because of "${event.type}"`);
    this.#must(!cellsOn.has(id), node, "two cells on one link at once");
    cellsOn.add(id);
    this.#renewed(node, link, course, frame);
    const { cover, intervalMs } = node.options.shape;
    if (cover === "off") {
      this.#must(now - course.lastCell >= MIN_GAP_OFF_MS - HAIR, node, "cells faster than 50 a second");
    } else this.#onGrid(node, course, now, Math.max(intervalMs, INTERVAL_MIN_MS));
    course.lastCell = now;
  }

  /** Of connections with cover at both ends: without it a listener who says nothing owes an answer for longer. */
  #renewed(node: Node, link: MemoryLink, course: CallProgress, frame: Uint8Array): void {
    const epoch = new DataView(frame.buffer, frame.byteOffset).getUint32(FRAME_HEADER_SIZE);
    this.#must(epoch === course.epoch || epoch === course.epoch + 1, node, "an epoch was passed over");
    course.calmCells = this.calm && epoch === course.epoch ? course.calmCells + 1 : 0;
    course.epoch = epoch;
    const other = this.lives.get(link.peer)?.node;
    if (link.role !== "dialer" || [node, other].some((one) => one?.options.shape.cover !== "constant")) return;
    this.#must(course.calmCells <= CALM_EPOCH_CELLS, node, "an epoch goes on and on");
  }

  #onGrid(node: Node, course: CallProgress, now: Millis, interval: number): void {
    const late = this.#latenessMax(node) + HAIR;
    if (course.opening < OPENING_CELLS && now - course.opened <= OPENING_MS + late) {
      const since = now - course.opened;
      const tick = this.#late ? Math.floor((since + late) / OPENING_GAP_MS) : Math.round(since / OPENING_GAP_MS);
      this.#must(tick >= course.opening, node, "two cells for one tick of the opening");
      if (!this.#late) {
        this.#must(Math.abs(since - tick * OPENING_GAP_MS) <= late, node, "a cell off the opening's ticks");
      }
      course.opening = 1 + (this.#late ? Math.floor((since - HAIR) / OPENING_GAP_MS) : tick);
      return;
    }
    course.opening = OPENING_CELLS;
    if (course.first === undefined) {
      if (!this.#late) course.first = now;
      return;
    }
    const since = now - course.first;
    // The first one may have been late itself, so of a late one it is not always known for which of two ticks it is.
    const slot = this.#late ? Math.floor((since + late) / interval) : Math.round(since / interval);
    this.#must(slot > course.lastSlot, node, "two cells for one tick");
    if (!this.#late) {
      this.#must(Math.abs(since - slot * interval) <= late, node, `a cell ${since - slot * interval} ms off its grid`);
    }
    course.lastSlot = this.#late ? Math.floor((since - HAIR) / interval) : slot;
  }

  #course(link: MemoryLink): CallProgress {
    let course = this.#courses.get(link);
    if (course === undefined) {
      course = {
        order: 0,
        opened: 0,
        opening: 0,
        first: undefined,
        lastSlot: 0,
        lastCell: -COVER_OFF_FIRST_MS,
        epoch: 0,
        calmCells: 0,
      };
      this.#courses.set(link, course);
    }
    return course;
  }

  // --- Connections ---

  /** Whose event it is: undefined for the person's and the clock's. */
  #about(node: Node, event: Event): PeerId | undefined {
    if (event.type === "frame" || event.type === "linked" || event.type === "read") {
      return node.links.get(event.link)?.peer;
    }
    return event.type === "shown" ? event.peer : undefined;
  }

  #authenticated(
    node: Node,
    event: Event,
    now: Millis,
    effects: readonly Effect[],
    closed: ReadonlySet<LinkId>,
  ): void {
    const mark = (id: LinkId) => {
      const link = node.links.get(id);
      if (link === undefined || closed.has(id)) return;
      const course = this.#course(link);
      course.order = ++this.life(node.id).authenticated;
      course.opened = now;
      this.#choiceSince.set(`${node.id} ${link.peer}`, now);
    };
    for (const effect of effects) {
      if (effect.type === "send" && effect.frame[1] === FrameType.accept) mark(effect.link);
    }
    const link = "link" in event ? node.links.get(event.link) : undefined;
    if (link?.role !== "dialer") return;
    const waits = effects.some((effect) => effect.type === "read");
    if (event.type === "frame" && event.frame[1] === FrameType.accept && !waits) mark(event.link);
    if (event.type === "read") mark(event.link);
  }

  /** Where one of several is kept because of a cell, it is the right one. */
  #kept(node: Node, event: Event, closed: ReadonlySet<LinkId>): void {
    if (event.type !== "frame" || event.frame[1] !== FrameType.cell || closed.has(event.link)) return;
    const keep = node.links.get(event.link);
    for (const id of closed) {
      const other = node.links.get(id);
      if (keep === undefined || other === undefined || this.#course(other).order === 0) continue;
      const bySmaller = (link: MemoryLink) => (link.role === "dialer") === (node.id < link.peer);
      const right = bySmaller(keep) === bySmaller(other)
        ? this.#course(keep).order > this.#course(other).order
        : bySmaller(keep);
      this.#must(right, node, "the wrong one of several connections was kept");
    }
  }

  #books(node: Node, life: Life, now: Millis, onTime: boolean): void {
    const present = node.peers.present();
    for (const { peer, unconfirmed, links } of present) {
      this.#must(unconfirmed <= MAX_UNCONFIRMED, node, `${unconfirmed} unconfirmed`);
      this.#must(links <= 8, node, `${links} links with one peer`);
      const choosing = now - Math.max(this.#choiceSince.get(`${node.id} ${peer}`)!, life.lateAt);
      const settled = links < 2 || !onTime || choosing <= links * SETTLED_WITHIN_MS;
      this.#must(settled, node, `${links} links with one peer for ${choosing} ms`);
      this.#must(life.connected.has(peer), node, "somebody is here and was not announced");
    }
    if (!node.leaving) {
      this.#must(present.length === life.connected.size, node, "somebody is gone and nothing was said");
    }
    this.#must(present.length <= (node.options.friends ?? Infinity), node, "more friends than the door lets in");
  }

  slots(node: Node): void {
    const most = SLOTS_PER_LINK * node.links.size + SLOTS_BESIDE;
    this.#must(node.arena.used <= most, node, `${node.arena.used} slots for ${node.links.size} links`);
  }

  // --- What the person is told ---

  #told(node: Node, life: Life, event: Event, notice: Notice): void {
    this.#log?.(() => `${node.name} ${noticeText(notice)}`);
    switch (notice.event) {
      case "connected":
        this.#must(!life.connected.has(notice.peer), node, "a second `connected`");
        this.#must(!life.byes.has(notice.peer), node, "`connected` with somebody who has said bye");
        life.connected.add(notice.peer);
        return;
      case "left":
        this.#must(life.connected.delete(notice.peer), node, "`left` of somebody who is not here");
        this.#must(notice.reason !== "protocol", node, "an honest peer broke the protocol");
        if (notice.reason === "bye") life.byes.add(notice.peer);
        return;
      case "refused":
        this.#must(notice.reason !== "protocol", node, "an honest peer broke the protocol in the handshake");
        return;
      case "named":
        this.#must(notice.name === this.life(notice.peer).node.options.name, node, "a wrong name");
        return;
      case "message":
        return this.#handed(node, life, notice.peer, notice.id, notice.text);
      case "sent":
        this.#must(notice.peers === this.#recipients.length, node, "`sent` counts others than are here");
        this.#must(notice.id.length === Math.ceil(MESSAGE_ID_SIZE * 8 / 6), node, "an id of another length");
        life.said.set(notice.id, {
          sequence: life.said.size,
          text: event.type === "say" ? event.text : "",
          to: new Set(this.#recipients),
        });
        return;
      case "delivered": {
        const said = life.said.get(notice.id);
        this.#must(said?.to.has(notice.peer) === true, node, "`delivered` to somebody it was not for");
        this.#must(
          this.life(notice.peer).shown.has(`${node.id} ${notice.id}`),
          node,
          "`delivered`, and it was not shown",
        );
        this.#must(!life.delivered.has(`${notice.peer} ${notice.id}`), node, "`delivered` twice");
        life.delivered.add(`${notice.peer} ${notice.id}`);
        this.delivered++;
        return;
      }
      case "unconfirmed": {
        const key = `${notice.peer} ${notice.id}`;
        this.#must(!life.unconfirmed.has(key), node, "`unconfirmed` twice");
        this.#must(!life.delivered.has(key), node, "`unconfirmed` after `delivered`");
        life.unconfirmed.add(key);
        return;
      }
      default:
        return;
    }
  }

  #handed(node: Node, life: Life, from: PeerId, id: MessageId, text: string): void {
    const said = this.life(from).said.get(id);
    this.#must(said !== undefined && said.to.has(node.id), node, "a message that was not for them");
    this.#must(said!.text === text, node, "a message with another text");
    const handed = life.handed.get(from) ?? new Set();
    life.handed.set(from, handed);
    this.#must(!handed.has(id), node, "a message shown twice");
    handed.add(id);
    this.#must(said!.sequence > (life.lastHanded.get(from) ?? -1), node, "messages shown out of order");
    life.lastHanded.set(from, said!.sequence);
  }

  /** Every message for a peer who is gone has been answered for, or still may be. */
  answeredFor(node: Node): void {
    const life = this.life(node.id);
    const kept = new Set(node.peers.unconfirmed().map(({ peer, id }) => `${peer} ${id}`));
    for (const [id, { to }] of life.said) {
      for (const peer of to) {
        const key = `${peer} ${id}`;
        const known = life.delivered.has(key) || life.unconfirmed.has(key) ||
          (life.connected.has(peer) && kept.has(key));
        this.#must(known, node, "a message was lost in silence");
      }
    }
  }

  #must(holds: boolean, node: Node, otherwise: string): asserts holds {
    if (!holds) throw new SimulationFailure(`${node.name}: ${otherwise}`);
  }

  #mix(word: string, n: number): void {
    let h = this.digest;
    for (let i = 0; i < word.length; i++) h = Math.imul(h ^ word.charCodeAt(i), 0x01000193);
    this.digest = Math.imul(h ^ Math.round(n * 16), 0x01000193) >>> 0;
  }
}

/** But for a call to somebody who is not here yet and whom no friend names any more: it ends with the introduction. */
function endsIntroduction({ type }: Effect, peer: PeerId, { connected }: Life, effects: readonly Effect[]): boolean {
  return type === "close" && !connected.has(peer) &&
    effects.some((effect) =>
      effect.type === "notice" && effect.notice.event === "introduction" && effect.notice.peer === peer &&
      effect.notice.state === "over" && effect.notice.reason === "gone"
    );
}

function noticeText(notice: Notice): string {
  const { event, ...rest } = notice;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${String(value).slice(0, 12)}`);
  return `${event} ${fields.join(" ")}`;
}
