// The only loop and the only timer: events in, one at a time; effects out. It performs effects and decides nothing.
// It owns the links, the dials under way, the listener and the stretcher, and closes them all.

import type { Caller, Entropy, Link, Listener, Millis, Transport } from "../ports.ts";
import type { CallFailure, CallStep } from "../call.ts";
import type { StretchedPhrase } from "../auth/stretched.ts";
import type { Notice } from "../notice.ts";
import { DialError } from "../ports.ts";
import type { Source } from "../peers/addresses.ts";
import type { Effect, Event } from "../peers/event.ts";
import type { Peers } from "../peers/step.ts";
import type { View } from "../terminal/view.ts";
import { type Address, formatAddress, networkOf, parseListen, scopeOf, site64 } from "../transport/address.ts";
import { meetingPlaces } from "../transport/two_sided/places.ts";
import { CallBack } from "./call_back.ts";
import { EarlyCallers } from "./early_callers.ts";
import { FrameQueue } from "./frame_queue.ts";
import { QuietWindow } from "./quiet_window.ts";
import type { Stretcher } from "./stretcher.ts";
import { after, now } from "../system.ts";
import type { Watch } from "./watch.ts";

/** How long the sockets are given to hand over what waits in them: many turns of the event loop. */
const READ_MS = 20;
/** With a timer that is so late, the process was stopped or the machine slept. */
const STOOD_STILL_MS = 500;
/** A frame that was just given to a link has left the process by then. */
const SENT_MS = 1;

export interface LoopParts {
  readonly peers: Peers;
  readonly transport: Transport;
  readonly stretcher: Stretcher;
  readonly view: View;
  readonly entropy: Entropy;
  /** This machine's own addresses, undefined where they cannot be found out. */
  addresses(): readonly Uint8Array[] | undefined;
  /** Told of each notice that the person is. */
  onNotice(notice: Notice): void;
  /** Whoever is called is also met halfway by a process that does not listen, and taken in if they call us. */
  readonly takesCallsBack: boolean;
  /** Such a call is under way, and there is nothing to offer yet: `takeCalls` is wanted soon. */
  onAimed(): void;
  /** Told how far each call comes. */
  readonly watch: Watch;
  /** A call is over without a friend. */
  onCallEnded(target: string, failure: CallFailure): void;
  /** After each step: somebody may be waiting for the peers to be in some state. */
  onStep(): void;
  /** A bug of ours: the program ends through panic. */
  onFault(error: unknown): void;
}

export class Loop implements Disposable {
  readonly #parts: LoopParts;
  readonly #links = new Map<number, Link>();
  readonly #dials = new Map<number, AbortController>();
  readonly #punches = new Map<number, AbortController>();
  readonly #timers = new Set<() => void>();
  readonly #quiet: QuietWindow;
  #quietAsked = false;
  #listener: Listener | undefined;
  readonly #callBack = new CallBack(
    (address, called) => this.#open(address, called, false),
    (caller) => this.#called(caller),
  );
  /** Dials under way that found their addresses before anybody could be met. */
  readonly #unaimed = new Map<number, { readonly target: string; readonly addresses: readonly Address[] }>();
  /** Callers that are not links yet; of those on an introduction's port, our own address there. */
  readonly #callers = new Map<number, { readonly caller: Caller; readonly at: string | undefined }>();
  readonly #early = new EarlyCallers();
  #taking = false;
  /** By our own address, for as long as an introduction needs it; undefined inside: it could not be. */
  readonly #introductions = new Map<string, Promise<Listener | undefined>>();
  readonly #frames: FrameQueue;
  #nextLink = 1;
  #nextCaller = 1;
  #cancelTimer: () => void = () => {};
  /** What the timer is set for; Infinity: it is not set. */
  #timerFor: Millis = Infinity;
  readonly #waiting: Event[] = [];
  #stepping = false;
  #over = false;
  #gone: (() => void) | undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#quiet = new QuietWindow(() => parts.peers.deadline, now, after);
    this.#frames = new FrameQueue({
      now,
      quietly: (slice) => this.#after(SENT_MS, () => this.#quiet.run(slice)),
      mayWait: (link) => parts.peers.mayWait(link),
      frame: (link, frame, at) => this.step({ type: "frame", link, frame, at }),
      ended: (link) => {
        this.#links.delete(link);
        this.step({ type: "ended", link });
      },
    });
  }

  /**
   * Takes the port. Callers wait for `takeCalls`, which follows as soon as there is a phrase to offer them. Rejects with
   * the operating system's error. Returns the address with its real port.
   */
  async listen(address: string): Promise<string> {
    this.#callBack.close();
    const listener = await this.#open(
      address,
      (caller) => this.#taking || this.#over ? this.#called(caller) : this.#early.add(caller),
      true,
    );
    if (this.#over) listener.close();
    this.#listener = listener;
    return listener.address;
  }

  /** Our own phrase is stretched: those who have called until now are heard in order, then everybody who calls later. */
  takeCalls(): void {
    this.#taking = true;
    for (const caller of this.#early.take()) this.#called(caller);
    if (this.#parts.takesCallsBack && this.#listener === undefined) this.#callBack.listen();
    for (const [call, { target, addresses }] of this.#unaimed) this.#aim(call, target, addresses);
  }

  #open(address: string, called: (caller: Caller) => void, known: boolean): Promise<Listener> {
    const deaf = (isDeaf: boolean) => this.#parts.view.show({ event: "deaf", over: !isDeaf });
    return this.#parts.transport.listen(address, { called, deaf }, known);
  }

  /** For introductions: a free port of each of these addresses, and of no other. */
  #listenAt(hosts: readonly string[]): void {
    for (const [host, listener] of this.#introductions) {
      if (hosts.includes(host)) continue;
      this.#introductions.delete(host);
      void listener.then((open) => open?.close());
      for (const [id, { at }] of this.#callers) if (at === host) this.#giveUp(id);
    }
    for (const host of hosts) {
      if (this.#introductions.has(host)) continue;
      const opening = this.#open(formatAddress({ host, port: 0 }), (caller) => this.#called(caller, host), false)
        .catch(() => undefined);
      this.#introductions.set(host, opening);
      void opening.then((listener) => {
        if (this.#over || this.#introductions.get(host) !== opening) return listener?.close();
        this.step({ type: "listening at", host, addresses: listener === undefined ? [] : [listener.address] });
      });
    }
  }

  /** One event. While another is being handled it waits its turn. */
  step(event: Event): void {
    if (this.#over) return;
    // A frame is lent for the call only.
    this.#waiting.push(this.#stepping && event.type === "frame" ? { ...event, frame: event.frame.slice() } : event);
    if (this.#stepping) return;
    try {
      this.#stepping = true;
      try {
        for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
          for (const effect of this.#parts.peers.step(next, now(), this.#parts.entropy)) this.#perform(effect);
        }
      } finally {
        this.#stepping = false;
      }
      this.#setTimer();
      this.#askQuiet();
      // May step again: what it lets in has to count before it lets in more.
      this.#parts.onStep();
    } catch (error) {
      this.#parts.onFault(error);
    }
  }

  /** The person wants nobody called there any more, and nobody from there. */
  hangUp(target: string): void {
    this.#callBack.over(target);
    this.step({ type: "hang up", target });
  }

  /** Says goodbye to everybody; resolves when all are gone. */
  leave(): Promise<void> {
    return new Promise((done) => {
      this.#gone = done;
      this.#listener?.close();
      this.#callBack.close();
      for (const attempt of [...this.#dials.values(), ...this.#punches.values()]) attempt.abort();
      this.step({ type: "leave" });
    });
  }

  /** Closes everything at once, without a word. */
  [Symbol.dispose](): void {
    this.#over = true;
    this.#cancelTimer();
    for (const cancel of this.#timers) cancel();
    this.#frames[Symbol.dispose]();
    this.#quiet.flush(); // nothing is done any more, and no timer is left
    this.#listener?.close();
    this.#callBack.close();
    this.#listenAt([]);
    for (const attempt of [...this.#dials.values(), ...this.#punches.values()]) attempt.abort();
    for (const caller of this.#early.take()) caller.close();
    for (const { caller } of this.#callers.values()) caller.close();
    for (const link of this.#links.values()) link.close();
    this.#callers.clear();
    this.#links.clear();
    this.#parts.stretcher[Symbol.dispose]();
    this.#parts.peers[Symbol.dispose]();
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send":
        this.#links.get(effect.link)?.send(effect.frame);
        return;
      case "close":
        this.#links.get(effect.link)?.close(effect.lost);
        this.#links.delete(effect.link);
        this.#frames.drop(effect.link);
        return;
      case "start":
        return this.#start(effect.caller);
      case "shut":
        return this.#shut(effect.caller);
      case "dial":
        void this.#dial(effect.call, effect.target, effect.quiet);
        return;
      case "stopDial":
        this.#dials.get(effect.call)?.abort();
        return;
      case "punch":
        void this.#punch(effect).catch(this.#parts.onFault);
        return;
      case "stopPunch":
        this.#punches.get(effect.punch)?.abort();
        return;
      case "came":
        return this.#parts.watch.follow(effect.target, { step: effect.step }, now());
      case "listen at":
        return this.#listenAt(effect.hosts);
      case "stretch":
        void this.#stretchFor(effect.salt).catch(this.#parts.onFault);
        return;
      case "read": {
        const { link } = effect;
        this.#after(READ_MS, () => this.#frames.whenEmpty(() => this.step({ type: "read", link })));
        return;
      }
      case "notice":
        return this.#tell(effect.notice);
      case "callEnded":
        this.#callBack.over(effect.target);
        return this.#parts.onCallEnded(effect.target, effect.failure);
      case "gone":
        this.#gone?.();
        return;
    }
  }

  #tell(notice: Notice): void {
    if (notice.event === "refused" && notice.failure !== undefined) {
      this.#parts.watch.refused(notice.address, notice.failure);
    }
    this.#parts.onNotice(notice);
    if (notice.event !== "message") return this.#parts.view.show(notice);
    const { peer, id } = notice;
    // Only now may it be acknowledged: the text has been handed to the person's screen.
    this.#parts.view.show(notice, () => this.step({ type: "shown", peer, id }));
  }

  /** The phrase for this salt, which is the caller's; undefined: all is over. `quiet`: nobody waits for it. */
  async stretch(salt: Uint8Array, quiet = false): Promise<StretchedPhrase | undefined> {
    const { view, stretcher } = this.#parts;
    if (!quiet) view.show({ event: "stretching", done: false });
    const phrase = await stretcher.stretch(salt).catch((error) => {
      if (this.#over) return undefined;
      throw error;
    });
    if (phrase === undefined || this.#over) return void phrase?.[Symbol.dispose]();
    if (!quiet) view.show({ event: "stretching", done: true });
    return phrase;
  }

  /** For a listener's salt. */
  async #stretchFor(salt: Uint8Array): Promise<void> {
    const began = now();
    const phrase = await this.stretch(salt);
    if (phrase !== undefined) this.step({ type: "stretched", phrase, tookMs: now() - began });
  }

  /** `quiet`: of an introduction, which the watch over the person's own calls does not look at. */
  async #dial(call: number, target: string, quiet: boolean): Promise<void> {
    const abort = new AbortController();
    this.#dials.set(call, abort);
    if (!quiet) this.#parts.watch.begin(target, now());
    try {
      const link = await this.#parts.transport.dial(target, abort.signal, (step) => {
        if (!quiet) this.#parts.watch.follow(target, step, now());
        if (!quiet) this.#followDial(call, target, step);
      });
      // A call that was given up must bring nobody: whom it was for is forgotten.
      if (this.#over || abort.signal.aborted) link.close();
      else this.#linked(link, { call });
    } catch (error) {
      if (!(error instanceof DialError)) return this.#parts.onFault(error);
      if (abort.signal.aborted) return; // given up, by whoever knows
      this.step({ type: "dialFailed", call, failure: error.failure });
    } finally {
      if (this.#dials.get(call) === abort) this.#dials.delete(call);
      this.#unaimed.delete(call);
    }
  }

  /** Whether others are met halfway: never by a process that can only be called on this machine, as behind an onion name. */
  get #meets(): boolean {
    if (!this.#taking || this.#listener === undefined) return this.#taking && this.#parts.takesCallsBack;
    const at = parseListen(this.#listener.address);
    return typeof at !== "string" && scopeOf(at.host) !== "machine";
  }

  /** What the two-sided calls beside it have to know. */
  #followDial(call: number, target: string, step: CallStep): void {
    if (this.#dials.get(call)?.signal.aborted !== false) return;
    if (step.step === "resolved") this.#aim(call, target, step.addresses);
    if (step.step === "connected") this.step({ type: "dialOpened", call });
    if (step.step === "lost") this.step({ type: "dialClosed", call });
  }

  #aim(call: number, target: string, addresses: readonly Address[]): void {
    if (this.#parts.takesCallsBack) this.#callBack.calls(target, addresses);
    const meetAt = meetingPlaces(addresses, this.#parts.addresses() ?? []);
    if (this.#meets) {
      if (meetAt.length > 0) this.#parts.watch.aimed(target, now());
      this.step({ type: "aimed", call, meetAt });
    } else if (this.#parts.takesCallsBack && meetAt.length > 0 && !this.#taking) {
      this.#unaimed.set(call, { target, addresses });
      this.#parts.onAimed();
    }
  }

  async #punch({ punch, host, port }: Effect & { type: "punch" }): Promise<void> {
    const abort = new AbortController();
    this.#punches.set(punch, abort);
    let caller: number | undefined;
    const outcome = await this.#parts.transport.punch({ host, port }, abort.signal, {
      opened: () => this.step({ type: "punchOpened", punch }),
      admit: (from) => {
        const id = this.#nextCaller++;
        const admitted = this.#parts.peers.admit(id, sourceOf(from), now(), this.#parts.entropy);
        if (admitted) caller = id;
        // Callers turned away are to be reported even if nothing else happens; the others make a step themselves.
        else this.#setTimer();
        return admitted;
      },
    });
    this.#punches.delete(punch);
    const admitted = caller === undefined ? {} : { caller };
    if (typeof outcome !== "string" && !this.#over && !abort.signal.aborted) {
      return this.#linked(outcome, { punch, ...admitted });
    }
    if (typeof outcome !== "string") outcome.close();
    this.step({ type: "punchFailed", punch, why: typeof outcome === "string" ? outcome : "stopped", ...admitted });
  }

  #called(caller: Caller, at?: string): void {
    if (this.#over) return caller.close();
    const id = this.#nextCaller++;
    this.#callers.set(id, { caller, at });
    this.step({ type: "arrived", caller: id, source: sourceOf(caller.host) });
  }

  #shut(id: number): void {
    this.#callers.get(id)?.caller.close();
    this.#callers.delete(id);
  }

  /** Its port is closed: what it has of the peers' is free again. */
  #giveUp(id: number): void {
    this.#shut(id);
    this.step({ type: "failed", caller: id, address: "", why: "stopped" });
  }

  #start(id: number): void {
    this.#callers.get(id)?.caller.start({
      linked: (link) => {
        this.#callers.delete(id);
        this.#linked(link, { caller: id });
      },
      failed: (why) => {
        const address = this.#callers.get(id)?.caller.address ?? "";
        this.#callers.delete(id);
        this.step({ type: "failed", caller: id, address, why });
      },
    });
  }

  #linked(link: Link, from: { caller?: number; call?: number; punch?: number }): void {
    const id = this.#nextLink++;
    this.#links.set(id, link);
    const { role, self, peer, channelBinding, address, local, familiar, fixed = false } = link;
    const facts = { role, self, peer, channelBinding };
    this.step({ type: "linked", link: id, facts, address, local, familiar, fixed, ...from });
    if (this.#links.get(id) !== link) return; // refused at once
    link.receive((frame) => this.#frames.arrive(id, frame), () => this.#frames.end(id));
  }

  #setTimer(): void {
    const { deadline } = this.#parts.peers;
    // Most steps are frames that come, and change nothing about the next tick.
    if (deadline === this.#timerFor && !this.#over) return;
    this.#cancelTimer();
    this.#timerFor = this.#over ? Infinity : deadline;
    if (this.#timerFor === Infinity) return;
    this.#cancelTimer = after(deadline - now(), () => {
      if (now() - deadline < STOOD_STILL_MS) return this.#due(deadline);
      // What came meanwhile is taken first: a cell to a friend who has gone ends the link, and their last words with it.
      this.#cancelTimer = after(READ_MS, () => this.#due(deadline));
    });
  }

  #due(deadline: Millis): void {
    this.#timerFor = Infinity;
    // Timers may fire early; then nothing is due yet, and the timer is set again.
    if (now() < deadline) return this.#setTimer();
    this.step({ type: "time", unsent: (link) => this.#links.get(link)?.unsent ?? 0 });
  }

  /** Work that no tick should wait for, piece by piece while none is near, and behind the frames of this step. */
  #askQuiet(): void {
    if (this.#quietAsked || !this.#parts.peers.wantsQuiet) return;
    this.#quietAsked = true;
    this.#after(SENT_MS, () =>
      this.#quiet.run(() => {
        this.#quietAsked = false;
        this.step({ type: "quiet" });
      }));
  }

  #after(ms: number, run: () => void): void {
    const cancel = after(ms, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
  }
}

function sourceOf(host: string): Source {
  return { address: site64(host), ...networkOf(host) };
}
