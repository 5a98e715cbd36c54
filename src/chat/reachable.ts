// How friends can reach us: the port that we listen on, the invitation that says where, what passes calls on to it (a
// router, Tor), and what introductions may say about it. Out of scope: taking calls (loop), who may come in (peers).

import { DEFAULT_PORT, SALT_SIZE } from "../constants.ts";
import type { Entropy } from "../ports.ts";
import { type Address, formatAddress, parseListen } from "../transport/address.ts";
import type { MapEvent, Mapper } from "../transport/mapping/mapper.ts";
import type { OnionEvent, OnionService } from "../transport/onion/service.ts";
import type { View } from "../terminal/view.ts";
import { HIDDEN, LISTENING_ALREADY } from "../words/circle.ts";
import { COULD_NOT_LISTEN, listenAddressProblem } from "../words/commands.ts";
import { calledAt, invitation } from "../words/invitation.ts";
import { ONION_PUBLISHING, onionProblem, onionReady } from "../words/onion.ts";
import { listenProblem, listenWay, type Problem } from "../words/problems.ts";
import type { ChatArgs } from "./chat_args.ts";
import { after } from "../system.ts";
import type { Loop } from "./loop.ts";

/** An ordinary call that brings somebody has done so by then: a stretch more would be for nothing. */
const MEETING_FROM_MS = 1_000;

export interface ReachableParts {
  readonly args: ChatArgs;
  readonly view: View;
  readonly entropy: Entropy;
  /** This machine's own addresses, undefined where they cannot be found out. */
  addresses(): readonly Uint8Array[] | undefined;
  /** Has an onion name made for our port, if that was asked for. */
  readonly openOnion?: OpenOnion | undefined;
  /** What has our port passed on by the router, if that was asked for. */
  readonly openMapper?: ((port: number, tell: (event: MapEvent) => void) => PortMapper) | undefined;
  onFault(error: unknown): never;
}

/** The service that makes our onion name. */
type Onion = Pick<OnionService, "start" | "close">;
/** Makes a service that brings callers to a port of ours. */
export type OpenOnion = (port: number, tell: (event: OnionEvent) => void) => Onion;

/** The part of transport/mapping that a chat uses. */
export type PortMapper = Pick<Mapper, "ask" | "end" | typeof Symbol.dispose>;

/** What it needs of the chat around it. */
interface Around {
  readonly loop: Pick<Loop, "listen" | "step" | "stretch" | "takeCalls">;
  /** Our address is not to be shown, as calls go through a proxy or come through Tor. */
  readonly hidden: boolean;
  /** The chat is over: whatever was waited for is not wanted any more. */
  readonly ending: () => boolean;
  /** Somebody is being called and has not come yet. */
  readonly calling: () => boolean;
  readonly hint: (text: string) => void;
  readonly problem: (problem: Problem) => void;
}

export class Reachable {
  readonly #parts: ReachableParts;
  readonly #around: Around;
  #listening: string | undefined;
  #mapper: PortMapper | undefined;
  #onion: Onion | undefined;
  /** What friends type to call us through Tor; undefined while there is no name. */
  #name: { readonly address: string; readonly confirmed: boolean } | undefined;
  /** Why Tor has made no name, and will not. */
  #nameless: Problem | undefined;
  /** Where the router lets calls through to us. */
  #outer: readonly Address[] = [];
  /** The invitation is to be shown once the router of another network has been asked. */
  #invites = false;
  /** We take calls, or are about to. */
  #opening = false;
  #readying: Promise<boolean> | undefined;
  /** Cancels `meetHalfway`, which waits or has been done. */
  #meeting: (() => void) | undefined;

  constructor(parts: ReachableParts, around: Around) {
    this.#parts = parts;
    this.#around = around;
  }

  /** The address that we listen on. */
  get listening(): string | undefined {
    return this.#listening;
  }

  /** What to send to friends; undefined while nobody can call. */
  get invitation(): string | undefined {
    if (this.#listening === undefined) return undefined;
    if (this.#onion !== undefined) {
      if (this.#name === undefined) return ONION_PUBLISHING;
      return onionReady(this.#name.address, this.#name.confirmed);
    }
    return invitation(this.#listening, this.#parts.addresses(), this.#outer);
  }

  /**
   * Takes the port and shows the invitation at once. Then the phrase is stretched for our own salt; whoever calls
   * meanwhile waits as long as that takes. Resolves to what could not be done.
   */
  async listen(where: string, way = listenWay(this.#parts.args.targets)): Promise<Problem | undefined> {
    const { view, openOnion } = this.#parts;
    const { loop, ending } = this.#around;
    this.#opening = true;
    let address: string;
    try {
      address = await loop.listen(where);
    } catch (error) {
      this.#opening = false;
      return listenProblem(where, error instanceof Error && "code" in error ? String(error.code) : undefined, way);
    }
    if (ending()) return undefined;
    this.#listening = address;
    view.show({ event: "listening", address });
    if (openOnion === undefined) this.#invite();
    if (!await this.#ready(false)) return undefined;
    this.#tell(address);
    loop.takeCalls();
    this.#mapPort(address);
    return await this.#nameByTor(address);
  }

  /** Whom we call may call us: without a port that friends know, and without a word. */
  meetHalfway(): void {
    if (this.#opening || this.#meeting !== undefined) return;
    this.#meeting = after(MEETING_FROM_MS, () => {
      const { calling, loop } = this.#around;
      if (!calling()) return void (this.#meeting = undefined);
      void this.#ready(true).then((ready) => ready && loop.takeCalls(), this.#parts.onFault);
    });
  }

  /** The phrase is stretched for our own salt, once. False: all is over. */
  #ready(quiet: boolean): Promise<boolean> {
    const { loop, ending } = this.#around;
    return this.#readying ??= (async () => {
      const salt = new Uint8Array(SALT_SIZE);
      this.#parts.entropy(salt);
      const phrase = await loop.stretch(salt, quiet);
      if (phrase === undefined || ending()) phrase?.[Symbol.dispose]();
      else loop.step({ type: "ready", phrase });
      return phrase !== undefined && !ending();
    })();
  }

  /** `/listen [PORT]` */
  listenNow(text: string): void {
    const { hidden, hint, problem, ending } = this.#around;
    if (this.#opening) return hint(LISTENING_ALREADY);
    if (hidden) return problem({ ...HIDDEN, doing: COULD_NOT_LISTEN });
    const port = text === "" ? String(DEFAULT_PORT) : text;
    const parsed = /^\d{1,5}$/.test(port) ? parseListen(port) : "port";
    if (typeof parsed === "string") return problem(listenAddressProblem(parsed, "/listen"));
    void this.listen(port, "/listen").then((fault) => fault && problem(fault), (error) => {
      if (!ending()) this.#parts.onFault(error);
    });
  }

  /** After sleep, or in another network (`moved`): what we know about our addresses and what the router said begin again. */
  woke(moved: boolean): void {
    if (this.#listening === undefined) return;
    this.#tell(this.#listening);
    this.#invites ||= moved;
    void this.#askRouter().then(() => {
      if (this.#invites && !this.#around.ending()) this.#invite();
      this.#invites = false;
    });
  }

  /** Takes back what the router passes on. Resolves when it has said so, or was given up. */
  async end(): Promise<void> {
    await this.#mapper?.end();
  }

  [Symbol.dispose](): void {
    this.#meeting?.();
    this.#mapper?.[Symbol.dispose]();
    this.#onion?.close();
  }

  #invite(): void {
    const text = this.invitation;
    if (text !== undefined) this.#around.hint(text);
  }

  /** What introductions may tell of where we are called. */
  #tell(listening: string): void {
    const { addresses, loopback } = calledAt(listening, this.#parts.addresses(), this.#outer);
    this.#around.loop.step({ type: "reachable", addresses, hidden: loopback || this.#around.hidden });
  }

  /** Without the name nobody can call: then the chat ends. */
  async #nameByTor(listening: string): Promise<Problem | undefined> {
    const { openOnion } = this.#parts;
    const at = parseListen(listening);
    if (openOnion === undefined || typeof at === "string") return undefined;
    this.#onion = openOnion(at.port, (event) => this.#named(event));
    await this.#onion.start();
    if (this.#nameless === undefined) this.#around.hint(ONION_PUBLISHING);
    return this.#nameless;
  }

  #named(event: OnionEvent): void {
    const { view, args } = this.#parts;
    switch (event.type) {
      case "starting":
        return view.show({ event: "onion-starting", percent: event.percent });
      case "ready":
        this.#name = { address: `${event.name}:${DEFAULT_PORT}`, confirmed: event.confirmed };
        return view.show({ event: "onion", ...this.#name });
      case "gone":
        this.#name = undefined;
        return view.show({ event: "onion-gone", why: undefined });
      case "failed": {
        const at = args.onion || (event.at && formatAddress(event.at));
        if (event.again) return view.show({ event: "onion-gone", why: event.fault, at });
        this.#nameless = onionProblem(event.fault, at);
      }
    }
  }

  /** Nobody waits for the router: it may take its time, or not be there. */
  #mapPort(listening: string): void {
    const at = parseListen(listening);
    if (typeof at === "string") return;
    this.#mapper = this.#parts.openMapper?.(at.port, (event) => this.#mapped(listening, event));
    void this.#askRouter();
  }

  async #askRouter(): Promise<void> {
    await this.#mapper?.ask().catch(this.#parts.onFault);
  }

  #mapped(listening: string, event: MapEvent): void {
    if (this.#around.ending()) return;
    const { view } = this.#parts;
    if (event.type === "unmapped") {
      const { why } = event;
      const lost = event.lost && formatAddress(event.lost);
      this.#outer = this.#outer.filter((address) => formatAddress(address) !== lost);
      view.show({ event: "unmapped", address: listening, why, lost });
      return this.#tell(listening);
    }
    const { address, by, seconds } = event;
    const six = address.host.includes(":");
    this.#outer = [...this.#outer.filter(({ host }) => host.includes(":") !== six), address];
    view.show({ event: "mapped", address: formatAddress(address), by, seconds });
    this.#tell(listening);
    if (!this.#invites) this.#invite();
  }
}
