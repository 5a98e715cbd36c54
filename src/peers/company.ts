// What friends are told about each other, and what follows from it: circles out and in, introductions, and the part in
// the middle (docs/PROTOCOL.md sections 6 and 8), kept in step with who is here. It sends nothing itself: effects go to
// `step.ts`. Out of scope: when what is due (circle.ts, middle.ts, introductions.ts), connections, words.

import type { Hearing, Notice } from "../notice.ts";
import type { Millis, PeerId } from "../ports.ts";
import { isWireAddress, type WireAddress } from "../wire/forms.ts";
import { type CircleMessage, inCircleOrder, type IntroductionMessage } from "../wire/message.ts";
import { contradictions, Disputes, hearing, names, Teller } from "./circle.ts";
import type { LinkId } from "./connection.ts";
import { mayUse } from "./address_rules.ts";
import {
  type IntroductionEffect,
  Introductions,
  type IntroductionsMode,
  type MiddleFriend,
  ownAddresses,
  ownFrom,
  type Situation,
  type Standing,
} from "./introductions.ts";
import { Middle } from "./middle.ts";

/** A friend who is here, as `Peers` sees them. */
export interface Here {
  readonly peer: PeerId;
  readonly name: string | undefined;
  /** The connection that messages go on, and how many there are. */
  readonly link: LinkId;
  readonly links: number;
  /** Its far end, and the address of its near one. */
  readonly address: string;
  readonly local: string;
  readonly dialled: boolean;
  /** From the port that two-sided calls leave from. */
  readonly fixed?: boolean;
}

/** The same, with what was said. */
interface Known extends Here, MiddleFriend {
  circle: CircleMessage | undefined;
  readonly fixed?: boolean;
  readonly teller: Teller;
}

export interface CompanyOptions {
  readonly self: PeerId;
  readonly intervalMs: number;
  readonly mode: IntroductionsMode;
  /** Friends who may be here at once. */
  readonly most: number;
  readonly isShutOut: Situation["isShutOut"];
}

/** Where this process can be called. */
export interface Reachable {
  /** As the invitation names it; empty where nobody is listened for. */
  readonly addresses: readonly WireAddress[];
  readonly listens: boolean;
  /** Its address is not to be shown: it calls through a proxy or listens on loopback only. */
  readonly hidden: boolean;
}

export type CompanyEffect =
  | IntroductionEffect
  | { type: "submit"; to: PeerId; message: CircleMessage }
  | { type: "withdraw circle"; to: PeerId }
  /** Take calls on a free port of these addresses, of all others no longer. Answered by `listeningAt`. */
  | { type: "listen at"; hosts: readonly string[] };

const NOBODY: Hearing = { everyone: false, settling: false, others: [], apart: [], disputed: [] };

export class Company {
  readonly #options: CompanyOptions;
  #here: ReadonlyMap<PeerId, Known> = new Map();
  readonly #disputes = new Disputes();
  readonly #middle = new Middle();
  readonly #introductions: Introductions;
  #hearing: Hearing = NOBODY;
  #reachable: Reachable;
  /** Of those asked for by "listen at": where calls are taken by now. */
  readonly #answers = new Map<string, readonly WireAddress[]>();
  #hosts: readonly string[] = [];
  /** What goes into circles has changed since friends were looked at for theirs; and what goes into `hearing`. */
  #toTell = false;
  #toHear = false;
  #effects: CompanyEffect[] = [];

  constructor(options: CompanyOptions, reachable: Reachable) {
    this.#options = options;
    this.#reachable = reachable;
    this.#introductions = new Introductions(options.self, options.mode, (effect) => this.#effects.push(effect));
  }

  get hearing(): Hearing {
    return this.#hearing;
  }

  /** `tells`: where we can be called, as a yes tells it through these friends; without a port that is not open yet. */
  get open(): (Standing & { readonly tells: readonly string[] })[] {
    return this.#introductions.open().map((one) => ({ ...one, tells: this.tells(one.peer) }));
  }

  /** What somebody learns of us who comes to hear us through the friends who name them. */
  tells(peer: PeerId): string[] {
    const { listens, addresses } = this.#reachable;
    const told = [...this.#here.values()].filter((friend) => names(friend, peer)).flatMap((friend) => {
      const from = ownFrom(friend);
      if (listens) return [...ownAddresses(friend, addresses), ...(from === "" ? [] : [from])];
      const soon = formatSoon(friend.local);
      return soon !== undefined && mayUse(soon, friend) ? [friend.local] : [];
    });
    return [...new Set(told)];
  }

  get hidden(): boolean {
    return this.#reachable.hidden;
  }

  /** When `settle` is due, besides after every change. */
  get deadline(): Millis {
    return Math.min(
      this.#disputes.deadline,
      this.#middle.deadline,
      this.#introductions.deadline,
      this.#tellersDeadline,
    );
  }

  /** Who is here has changed, or a name, or the connection in use. */
  present(here: readonly Here[]): void {
    const before = this.#here;
    this.#toTell = this.#toHear = true;
    this.#here = new Map(here.map((friend) => {
      const known = before.get(friend.peer);
      const teller = known?.teller ?? new Teller(this.#options.intervalMs);
      if (known !== undefined && known.links > 1 && friend.links === 1) teller.renew();
      const remote = isWireAddress(friend.address) ? friend.address : "";
      return [friend.peer, { ...friend, remote, teller, circle: known?.circle }];
    }));
  }

  reachable(reachable: Reachable): void {
    this.#toTell = true;
    this.#reachable = { ...reachable, addresses: reachable.addresses.filter(isWireAddress) };
  }

  /** Of "listen at": calls are taken there, or cannot be (no address). */
  listeningAt(host: string, addresses: readonly WireAddress[]): void {
    if (this.#hosts.includes(host)) this.#answers.set(host, addresses.filter(isWireAddress));
  }

  received(from: PeerId, message: CircleMessage | IntroductionMessage, now: Millis): void {
    switch (message.type) {
      case "circle":
        return this.#circle(from, message);
      case "meet":
        if (this.#options.mode === "no" || message.peer === from || !this.#here.has(message.peer)) return;
        return this.#middle.meet(from, message, now);
      case "introduce":
        this.#introductions.introduced(from, message, this.#situation(), now);
    }
  }

  /** The first of a circle's cells has left. */
  begun(to: PeerId, link: LinkId, message: CircleMessage, cells: number, now: Millis): void {
    this.#here.get(to)?.teller.begun(message, link, cells, now);
  }

  /** The person says yes. False: it cannot be. */
  agree(peer: PeerId, now: Millis): boolean {
    return this.#introductions.agree(peer, this.#situation(), now);
  }

  decline(peer: PeerId, now: Millis): void {
    this.#introductions.decline(peer, now);
  }

  /** The person wants these two friends to hear each other. */
  propose(first: PeerId, second: PeerId): void {
    this.#middle.propose(first, second);
  }

  callEnded(peer: PeerId, wrong: WireAddress | undefined, now: Millis): void {
    this.#introductions.callEnded(peer, wrong, now);
  }

  metElse(peer: PeerId, at: WireAddress): void {
    this.#introductions.metElse(peer, at);
  }

  /** Whether a caller with this PeerId is one whom our person agreed to hear, and which friends here name them. */
  expected(peer: PeerId): PeerId[] | undefined {
    if (!this.#introductions.expects(peer)) return undefined;
    return [...this.#here.values()].filter((friend) => names(friend, peer)).map((friend) => friend.peer);
  }

  /** Everything that follows from what is so, and what was collected since the last time. */
  settle(now: Millis): CompanyEffect[] {
    this.#introductions.settle(this.#situation(), now);
    this.#listen();
    this.#introductions.act(this.#situation(), now);
    this.#tellCircles(now);
    const knows = (to: PeerId, about: PeerId) => this.#here.get(to)!.teller.lists(about);
    for (const { to, message } of this.#middle.take((peer) => this.#here.has(peer), knows, now)) {
      this.#effects.push({ type: "submit", to, message });
    }
    this.#hear(now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #circle(from: PeerId, message: CircleMessage): void {
    const friend = this.#here.get(from);
    if (friend === undefined) return;
    const before = friend.circle;
    friend.circle = message;
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(message)) return;
    this.#toHear = true;
    this.#notice({ event: "circle", peer: from, you: message.you, with: message.with });
  }

  get #tellersDeadline(): Millis {
    let deadline = Infinity;
    for (const { teller } of this.#here.values()) deadline = Math.min(deadline, teller.deadline);
    return deadline;
  }

  #tellCircles(now: Millis): void {
    if (!this.#toTell && now < this.#tellersDeadline) return;
    this.#toTell = false;
    const all = inCircleOrder(Array.from(this.#here.values(), ({ peer, name = "" }) => ({ peer, name })));
    for (const { peer, link, remote, teller } of this.#here.values()) {
      const others = all.filter((other) => other.peer !== peer);
      const message: CircleMessage = { type: "circle", you: this.#reachable.hidden ? "" : remote, with: others };
      const next = teller.next(message, link, now);
      if (next === "send") this.#effects.push({ type: "submit", to: peer, message });
      if (next === "withdraw") this.#effects.push({ type: "withdraw circle", to: peer });
    }
  }

  #hear(now: Millis): void {
    if (!this.#toHear && now < this.#disputes.deadline) return;
    this.#toHear = false;
    const here = [...this.#here.values()];
    const disputed = this.#disputes.look(contradictions(here), now);
    const heard = hearing(this.#options.self, here, disputed);
    if (JSON.stringify(heard) === JSON.stringify(this.#hearing)) return;
    this.#hearing = heard;
    this.#notice({ event: "hearing", hearing: heard });
  }

  /** Who takes no calls does so for as long as an introduction needs it. */
  #listen(): void {
    const { listens, hidden } = this.#reachable;
    const needed = listens || hidden ? [] : this.#introductions.middles(this.#here);
    const hosts = [...new Set(needed.map(({ peer }) => this.#here.get(peer)!.local).filter((host) => host !== ""))]
      .sort().slice(0, HOSTS_MAX);
    for (const host of this.#answers.keys()) if (!hosts.includes(host)) this.#answers.delete(host);
    if (hosts.join() === this.#hosts.join()) return;
    this.#hosts = hosts;
    this.#effects.push({ type: "listen at", hosts });
  }

  #situation(): Situation {
    return {
      friends: this.#here,
      own: this.#reachable.listens ? this.#reachable.addresses : [...this.#answers.values()].flat(),
      hidden: this.#reachable.hidden,
      full: this.#here.size >= this.#options.most,
      preparing: this.#hosts.some((host) => !this.#answers.has(host)),
      isShutOut: this.#options.isShutOut,
    };
  }

  #notice(notice: Notice): void {
    this.#effects.push({ type: "notice", notice });
  }
}

/** An address of ours with some port, in order to judge it. */
function formatSoon(local: string): WireAddress | undefined {
  const address = local.includes(":") ? `[${local}]:65535` : `${local}:65535`;
  return isWireAddress(address) ? address : undefined;
}

/** Addresses of this machine that calls of introductions are taken on at once. */
const HOSTS_MAX = 4;
