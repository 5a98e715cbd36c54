// docs/PROTOCOL.md sections 6 and 8: circles, introductions, and the part in the middle, by friends who may say anything.
// Input: how introductions are answered and whether this process is hidden; then a list of events.

import {
  CIRCLE_PAUSE_MS,
  INTRODUCERS_MAX,
  INTRODUCTION_ADDRESSES_MAX,
  INTRODUCTION_MS,
  PASS_ON_PAUSE_MS,
  QUESTIONS_PER_MINUTE,
} from "../../src/constants.ts";
import { Company, type CompanyEffect, type Here } from "../../src/peers/company.ts";
import type { PeerId } from "../../src/ports.ts";
import type { IntroductionMessage } from "../../src/wire/message.ts";
import { Input, joined, must, type Target } from "../target.ts";

const OPS_MAX = 200;
const MOST = 5;
const id = (n: number): PeerId => n.toString(16).padStart(2, "0").repeat(32);
const SELF = id(0);
/** The first four may be here; all may be named, and we as well. */
const PEERS = Array.from({ length: 8 }, (_, n) => id(n));
const ADDRESSES = [
  "192.0.2.1:7373",
  "192.0.2.2:443",
  "198.51.100.7:22",
  "10.0.0.1:7373",
  "127.0.0.1:7373",
  "[2001:db8::1]:7373",
  "[fe80::1]:7373",
  "203.0.113.9:65535",
];
const REMOTES = ["192.0.2.50:7373", "10.0.0.50:7373", "127.0.0.1:4000", "an-onion.onion"];
const MODES = ["ask", "yes", "no"] as const;

export const target: Target = {
  name: "company",
  maxLength: 600,
  dictionary: [Uint8Array.of(2, 1, 4), Uint8Array.of(3, 1, 4, 3), Uint8Array.of(4, 4), Uint8Array.of(9, 0x7f, 0xff)],
  // Events: 0 come or go, 1 circle, 2 introduce, 3 meet, 4 agree, 5 decline, 6 propose, 7 a call ended, 8 listening, 9 time.
  seeds: () => [
    joined([0], [0, 1, 0], [1, 1, 0x10], [2, 1, 4, 3], [4, 4], [9, 0, 9], [7, 4, 0], [9, 0x13, 0x88], [9, 0x27, 0x10]),
    joined([1], [0, 1, 0], [1, 1, 0x30], [2, 1, 4, 1], [2, 1, 5, 33], [9, 0, 9], [7, 4, 2], [9, 0x7f, 0xff]),
    joined([1], [0, 1, 1], [1, 1, 0x10], [2, 1, 4, 9], [5, 4], [2, 1, 4, 1], [9, 0x7f, 0xff], [2, 1, 4, 1]),
    joined([0], [0, 1, 0], [0, 2, 0], [9, 8, 0], [3, 1, 2, 3], [8, 1], [6, 1, 2], [9, 0x7f, 0xff], [3, 1, 2, 1]),
    joined([2], [0, 1, 0], [1, 1, 0xf0], [2, 1, 4, 1], [4, 5], [8, 0], [9, 0, 9], [0, 1, 0], [9, 0xff, 0xff]),
    joined([4], [0, 1, 0], [1, 1, 0x10], [2, 1, 4, 1], [4, 4], [9, 1, 0]),
    joined([0], [0, 1, 0], [0, 2, 3], [0, 3, 1], [1, 1, 0x0c], [1, 2, 0x08], [9, 0x4e, 0x20], [1, 2, 2], [9, 9, 9]),
  ],
  make: () => Promise.resolve((data) => new Play(new Input(data)).run()),
};

class Play {
  readonly #input: Input;
  readonly #mode: (typeof MODES)[number];
  readonly #hidden: boolean;
  readonly #company: Company;
  #now = 0;
  #here: Here[] = [];
  readonly #circles = new Map<PeerId, ReadonlySet<PeerId>>();
  /** By friend and peer: what an introduction of that friend's has named. */
  readonly #given = new Map<string, Set<string>>();
  /** Whom the person said yes to last, and no, and when. */
  readonly #agreed = new Set<PeerId>();
  readonly #declined = new Map<PeerId, number>();
  readonly #asked: { readonly by: PeerId; readonly at: number }[] = [];
  readonly #toldAt = new Map<PeerId, number>();
  readonly #passedAt = new Map<string, number>();
  readonly #meetings: { readonly from: PeerId; readonly about: PeerId; readonly key: string }[] = [];

  constructor(input: Input) {
    this.#input = input;
    const flags = input.u8();
    this.#mode = MODES[(flags & 3) % 3]!;
    this.#hidden = (flags & 4) !== 0;
    const reachable = {
      addresses: (flags & 8) === 0 ? ADDRESSES : [],
      listens: (flags & 8) === 0,
      hidden: this.#hidden,
    };
    this.#company = new Company(
      { self: SELF, intervalMs: 250, mode: this.#mode, most: MOST, isShutOut: () => false },
      reachable,
    );
  }

  run(): void {
    for (let n = 0; n < OPS_MAX && !this.#input.empty; n++) {
      this.#event();
      this.#settle();
    }
  }

  #event(): void {
    const { input, company, now } = { input: this.#input, company: this.#company, now: this.#now };
    const op = input.pick(10);
    if (op === 9) return this.#pass(input.u16() * 4);
    const peer = PEERS[input.pick(8)]!;
    if (op === 0) return this.#comeOrGo(peer, input.pick(REMOTES.length));
    if (op === 4) return this.#agree(peer);
    if (op === 5) {
      this.#agreed.delete(peer);
      this.#declined.set(peer, now);
      return company.decline(peer, now);
    }
    if (op === 7) return company.callEnded(peer, [undefined, ...ADDRESSES][input.pick(9)], now);
    if (op === 8) return company.listeningAt("192.0.2.99", ADDRESSES.slice(0, input.pick(3)));
    const other = op === 1 ? undefined : PEERS[input.pick(8)]!;
    if (op === 6) return this.#propose(peer, other!);
    // What no friend who is here says, the layer below does not hand on.
    if (!this.#isHere(peer)) return;
    if (op === 1) return this.#circle(peer, input.u8());
    const message = {
      type: op === 2 ? "introduce" : "meet",
      peer: other!,
      addresses: this.#some(input.u8()),
      from: "",
    } as const;
    if (op === 2) this.#introduced(peer, message);
    else this.#meetings.push({ from: peer, about: other!, key: JSON.stringify(message.addresses) });
    company.received(peer, message, now);
  }

  #some(bits: number): string[] {
    return ADDRESSES.filter((_, n) => (bits >> n & 1) === 1);
  }

  #comeOrGo(peer: PeerId, remote: number): void {
    if (PEERS.indexOf(peer) === 0 || PEERS.indexOf(peer) > 4) return;
    if (this.#isHere(peer)) {
      this.#here = this.#here.filter((friend) => friend.peer !== peer);
      this.#circles.delete(peer);
      this.#toldAt.delete(peer);
      for (const way of this.#passedAt.keys()) if (way.includes(peer)) this.#passedAt.delete(way);
    } else {
      const [address, local] = [REMOTES[remote]!, "192.0.2.99"];
      this.#here.push({ peer, name: undefined, link: this.#now + 1, links: 1, address, local, dialled: remote === 2 });
    }
    this.#company.present(this.#here);
  }

  #circle(from: PeerId, bits: number): void {
    const named = PEERS.filter((peer, n) => (bits >> n & 1) === 1 && peer !== from);
    this.#circles.set(from, new Set(named));
    const members = named.map((peer) => ({ peer, name: "" }));
    this.#company.received(from, { type: "circle", you: "", with: members }, this.#now);
  }

  #introduced(from: PeerId, { peer, addresses }: IntroductionMessage): void {
    if (!this.#named(from, peer)) return;
    const key = `${from} ${peer}`;
    // What the link with that friend allows, as it is now: 10.0.0.50 and 127.0.0.1 are far ends too.
    const { address: remote } = this.#here.find((friend) => friend.peer === from)!;
    const fit = addresses.filter((address) =>
      !/^(10|127)\./.test(address) || address.split(".")[0] === remote.split(".")[0]
    );
    this.#given.set(key, new Set([...this.#given.get(key) ?? [], ...fit]));
  }

  #agree(peer: PeerId): void {
    const may = this.#company.agree(peer, this.#now);
    const named = this.#here.some((friend) => this.#named(friend.peer, peer));
    const can = named && peer !== SELF && !this.#isHere(peer) && !this.#hidden && this.#here.length < MOST;
    must(may === can, "a yes counts for somebody who is named and not here, from a process that is not hidden");
    if (may) this.#agreed.add(peer);
    if (may) this.#declined.delete(peer);
  }

  #propose(first: PeerId, second: PeerId): void {
    if (first === second || !this.#isHere(first) || !this.#isHere(second)) return;
    for (const [from, about] of [[first, second], [second, first]] as const) {
      this.#meetings.push({ from, about, key: "[]" });
    }
    this.#company.propose(first, second);
  }

  #pass(ms: number): void {
    const end = this.#now + ms;
    for (let n = 0; this.#company.deadline <= end; n++) {
      must(n < 2_000 && this.#company.deadline > this.#now, "a deadline that was met does not come again at once");
      this.#now = this.#company.deadline;
      this.#settle();
    }
    this.#now = end;
  }

  #isHere(peer: PeerId): boolean {
    return this.#here.some((friend) => friend.peer === peer);
  }

  #named(by: PeerId, peer: PeerId): boolean {
    return this.#isHere(by) && (this.#circles.get(by)?.has(peer) ?? false);
  }

  #settle(): void {
    for (const effect of this.#company.settle(this.#now)) this.#judge(effect);
    const { open, hearing } = this.#company;
    must(open.every(({ by }) => by.length <= INTRODUCERS_MAX), "few in the middle");
    must(open.every(({ addresses }) => addresses <= INTRODUCTION_ADDRESSES_MAX), "few addresses");
    must(open.length <= PEERS.length && open.every(({ peer }) => peer !== SELF), "open ones are about others");
    for (const { peer, state } of open) {
      must(this.#here.some((f) => this.#named(f.peer, peer)), "an open one is about somebody who is named now");
      must(state !== "yes" || this.#mode === "yes" || this.#agreed.has(peer), "a yes is the person's");
      must(!this.#isHere(peer) && !this.#hidden, "nobody is open who is here, nor with a hidden process");
    }
    must(!hearing.everyone || this.#allHear(), "everyone hears everyone only if each says so");
  }

  /** A second reading: from two on, each friend's circle names just us and all the others, or all the others. */
  #allHear(): boolean {
    return this.#here.length >= 2 && this.#here.every(({ peer }) => {
      const circle = this.#circles.get(peer);
      const others = this.#here.filter((f) => f.peer !== peer).map((f) => f.peer);
      const named = [...circle ?? []].filter((one) => one !== SELF);
      return circle !== undefined && named.sort().join() === others.sort().join();
    });
  }

  #judge(effect: CompanyEffect): void {
    const now = this.#now;
    if (effect.type === "dial") return this.#dial(effect);
    if (effect.type === "submit") {
      must(this.#isHere(effect.to), "only who is here is told anything");
      const { message, to } = effect;
      if (message.type === "circle") return this.#told(to, now);
      if (message.type === "introduce") return this.#passedOn(to, message);
      must(this.#mode === "yes" || this.#agreed.has(message.peer), "nobody is told before the person says yes");
      must(!this.#hidden, "a hidden process asks nobody");
      must(
        !message.addresses.includes("198.51.100.7:22") && !message.addresses.includes("[fe80::1]:7373"),
        "own address",
      );
    }
    if (effect.type !== "notice" || effect.notice.event !== "introduction") return;
    const { state, quiet, by, peer } = effect.notice;
    if (state !== "asked") return;
    must(this.#mode === "ask", "only where the person wants to be asked");
    must(by.some((friend) => this.#named(friend, peer)), "asked about somebody whom a friend names");
    must(now >= (this.#declined.get(peer) ?? -Infinity) + INTRODUCTION_MS || !this.#declined.has(peer), "a no lasts");
    if (quiet) return;
    const recent = this.#asked.filter((one) => one.by === by[0] && now - one.at < 60_000);
    must(recent.length < QUESTIONS_PER_MINUTE, "few questions aloud");
    this.#asked.push({ by: by[0]!, at: now });
  }

  #dial({ peer, by, addresses }: CompanyEffect & { type: "dial" }): void {
    must(this.#mode === "yes" || this.#agreed.has(peer), "nobody is called before the person says yes");
    must((this.#declined.get(peer) ?? -Infinity) + INTRODUCTION_MS <= this.#now, "nor after a no");
    must(!this.#hidden && !this.#isHere(peer) && peer !== SELF, "nor by a hidden process, nor who is here");
    const given = this.#given.get(`${by} ${peer}`);
    must(addresses.length > 0 && addresses.every((address) => given?.has(address)), "called where that friend said");
    must(addresses.every((address) => !/:22$|^\[fe80/.test(address)), "no service, no link-local address");
  }

  #told(to: PeerId, now: number): void {
    // Until its cell leaves it may be put again; here it leaves at once.
    must(now - (this.#toldAt.get(to) ?? -Infinity) >= CIRCLE_PAUSE_MS, "a circle is told at most every 2 s");
    this.#toldAt.set(to, now);
    const friend = this.#here.find(({ peer }) => peer === to)!;
    const others = this.#here.filter(({ peer }) => peer !== to).map(({ peer }) => ({ peer, name: "" }));
    const you = this.#hidden || friend.address.endsWith(".onion") ? "" : friend.address;
    const message = { type: "circle" as const, you, with: others.sort((a, b) => a.peer < b.peer ? -1 : 1) };
    this.#company.begun(to, friend.link, message, 1, now);
  }

  #passedOn(to: PeerId, message: IntroductionMessage): void {
    const key = JSON.stringify(message.addresses);
    const asked = this.#meetings.findLast(({ from, about }) => from === message.peer && about === to);
    must(asked?.key === key, "what is passed on is the newest that was asked, as it was");
    must(this.#isHere(message.peer), "and who asked is here");
    const way = `${message.peer} ${to}`;
    must(this.#now - (this.#passedAt.get(way) ?? -Infinity) >= PASS_ON_PAUSE_MS || !this.#passedAt.has(way), "seldom");
    this.#passedAt.set(way, this.#now);
  }
}
