// A port that one's own router passes on, from the first question to its end: PCP, then NAT-PMP, then UPnP, whichever the
// router speaks; asked again in time, taken back at the end (docs/PROTOCOL.md knows nothing of it: the friend calls an
// address). Nobody is asked but the router. Not in here: finding it out (host), bytes (pcp.ts, nat_pmp.ts, upnp.ts), words.

import type { Entropy, Millis } from "../../ports.ts";
import { parseIpv4 } from "../../ip.ts";
import { type Address, bareHost, formatIp, scopeOf } from "../address.ts";
import { askRouter, request, search } from "./ask.ts";
import { Lease, LIFETIME_S } from "./lease.ts";
import type { MapFault, MapWay } from "../../notice.ts";
import { type Grant, Mapped, type RouterWay } from "./mapped.ts";
import { encodeAddressQuestion, encodeNatPmp, natPmpLostState, parseAddressAnswer, parseNatPmp } from "./nat_pmp.ts";
import { encodePcp, parsePcp, pcpLostState } from "./pcp.ts";
import { type Control, controlIn, errorIn, fieldIn, locationIn, soap } from "./upnp.ts";

export type MapEvent =
  | { readonly type: "mapped"; readonly address: Address; readonly by: MapWay; readonly seconds: number }
  /** It cannot be had, or is lost after it was. */
  | { readonly type: "unmapped"; readonly why: MapFault; readonly lost: boolean };

/** The edge: sockets and timers. */
export interface MapperIo {
  readonly askRouter: typeof askRouter;
  readonly request: typeof request;
  readonly search: typeof search;
  /** Calls `run` after `ms`, unless the returned function is called before. */
  after(ms: number, run: () => void): () => void;
}

export interface MapperParts {
  /** The port that we listen on. */
  readonly port: number;
  /** Finds the router out, anew each time that the network may have changed. Empty: there is none to ask. */
  ways(signal: AbortSignal): Promise<readonly RouterWay[]>;
  readonly entropy: Entropy;
  now(): Millis;
  tell(event: MapEvent): void;
  /** In place of real sockets and timers. */
  readonly io?: MapperIo;
  /** What takes an IPv4 mapping back in one datagram, whenever it changes; undefined: nothing is to be taken back so. */
  farewell?(datagram: { readonly router: string; readonly bytes: Uint8Array<ArrayBuffer> } | undefined): void;
}

type Outcome = Grant | MapFault;

const BACK_MS = 1_000;
/** All that a router is asked in a row. */
const ROUND_MS = 12_000;
const DESCRIPTIONS_MAX = 2;
const AGAIN_MS = 30_000;
const CONFLICT_TRIES = 5;

export class Mapper {
  readonly #parts: MapperParts;
  readonly #over = new AbortController();
  #mapped: Mapped[] = [];
  readonly #io: MapperIo;
  #cancelTimer = () => {};
  #asking = false;
  #again = false;
  /** What has been told of IPv4 and of IPv6, so that nothing is told twice. */
  #told: string | undefined;
  #told6: string | undefined;

  constructor(parts: MapperParts) {
    this.#parts = parts;
    this.#io = parts.io ?? SOCKETS;
  }

  /** Asks now. Also after sleep, and when the network has changed: what was granted is asked for anew, wherever we are. */
  async ask(): Promise<void> {
    if (this.#over.signal.aborted) return;
    if (this.#asking) return void (this.#again = true);
    this.#asking = true;
    this.#cancelTimer();
    try {
      do {
        this.#again = false;
        await this.#round(true);
      } while (this.#again && !this.#over.signal.aborted);
    } finally {
      this.#asking = false;
    }
    this.#setTimer();
  }

  /** Takes back what was granted, for a second at most, and is over. */
  async end(): Promise<void> {
    this.#stop();
    const limit = new AbortController();
    const cancel = this.#io.after(BACK_MS, () => limit.abort());
    await Promise.all(this.#mapped.map((mapped) => this.#takeBack(mapped, limit.signal)));
    cancel();
    this.#mapped = [];
    this.#parts.farewell?.(undefined);
  }

  /** Stops at once; what was granted ends by itself. */
  [Symbol.dispose](): void {
    this.#stop();
  }

  #stop(): void {
    this.#cancelTimer();
    this.#over.abort();
  }

  #setTimer(): void {
    if (this.#over.signal.aborted) return;
    const { now } = this.#parts;
    // Where nothing was ever granted nobody is asked again: each search tells the whole network.
    const had = this.#mapped.filter(({ heardAt }) => heardAt !== undefined);
    if (had.length === 0) return;
    const at = Math.min(...had.map(({ lease }) => lease?.askAt ?? now() + AGAIN_MS));
    this.#cancelTimer = this.#io.after(Math.max(0, at - now()), () => void this.#due());
  }

  async #due(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      await this.#round(false);
    } finally {
      this.#asking = false;
    }
    if (this.#again) return void this.ask();
    this.#setTimer();
  }

  /** `all`: also those whose time has not come, and whoever the router is by now. */
  async #round(all: boolean): Promise<void> {
    const { now, entropy, port } = this.#parts;
    if (all || this.#mapped.length === 0) {
      const ways = await this.#parts.ways(this.#over.signal);
      if (this.#over.signal.aborted) return;
      this.#mapped = ways.map((way) =>
        this.#mapped.find((m) => m.way.router === way.router && m.way.own === way.own) ?? new Mapped(way, port, entropy)
      );
    }
    if (this.#mapped.length === 0) return this.#tellFault("no-router", false);
    const due = this.#mapped.filter(({ lease, heardAt }) =>
      all || (lease === undefined ? heardAt !== undefined : lease.askAt <= now())
    );
    const lost = await Promise.all(due.map((mapped) => this.#askFor(mapped)));
    // A router that has lost its state has lost the other family's too.
    if (lost.includes(true) && !all && due.length < this.#mapped.length) {
      await Promise.all(this.#mapped.filter((mapped) => !due.includes(mapped)).map((mapped) => this.#askFor(mapped)));
    }
    this.#setFarewell();
  }

  /** True: the router has lost its state since it was last heard. */
  async #askFor(mapped: Mapped): Promise<boolean> {
    const limit = new AbortController();
    mapped.signal = AbortSignal.any([limit.signal, this.#over.signal]);
    const cancel = this.#io.after(ROUND_MS, () => limit.abort());
    const outcome = await this.#outcome(mapped);
    cancel();
    if (this.#over.signal.aborted) return false;
    const now = this.#parts.now();
    if (typeof outcome === "string") {
      this.#failed(mapped, outcome, now);
      return false;
    }
    const before = mapped.grant;
    const lost = before !== undefined && hasLostState(before, mapped.heardAt ?? now, outcome, now);
    mapped.grant = outcome;
    mapped.heardAt = now;
    mapped.lease = new Lease(outcome.seconds, now);
    this.#setFarewell();
    this.#tellGrant(outcome);
    return lost;
  }

  #failed(mapped: Mapped, why: MapFault, now: Millis): void {
    if (mapped.lease !== undefined && mapped.grant !== undefined) {
      const over = mapped.lease.silent(now);
      if (why === "router-silent" && !over) return;
      mapped.grant = undefined;
      mapped.lease = undefined;
      return this.#tellFault(why, true);
    }
    // A pinhole in an IPv6 firewall is more than was asked for: most routers know of none.
    if (!mapped.six) this.#tellFault(why, false);
  }

  #tellGrant({ outer, by, seconds }: Grant): void {
    const told = `${outer.host} ${outer.port}`;
    const six = outer.host.includes(":");
    if (told === (six ? this.#told6 : this.#told)) return;
    if (six) this.#told6 = told;
    else this.#told = told;
    this.#parts.tell({ type: "mapped", address: outer, by, seconds });
  }

  #tellFault(why: MapFault, lost: boolean): void {
    if (this.#told === why) return;
    this.#told = why;
    this.#parts.tell({ type: "unmapped", why, lost });
  }

  #setFarewell(): void {
    const mapped = this.#mapped.find(({ six, grant }) => !six && grant !== undefined);
    const bytes = mapped?.back();
    this.#parts.farewell?.(
      mapped === undefined || bytes === undefined ? undefined : { router: mapped.way.router, bytes },
    );
  }

  // --- One router's three languages ---

  async #outcome(mapped: Mapped): Promise<Outcome> {
    const { grant } = mapped;
    if (grant !== undefined) return await this.#by(grant.by, mapped);
    let why: MapFault = "router-silent";
    for (const by of mapped.six ? ["pcp"] as const : ["pcp", "nat-pmp", "upnp"] as const) {
      const outcome = await this.#by(by, mapped);
      if (typeof outcome !== "string" || outcome === "second-nat" || mapped.signal.aborted) return outcome;
      if (outcome === "router-refused") why = outcome;
    }
    return why;
  }

  #by(by: MapWay, mapped: Mapped): Promise<Outcome> {
    switch (by) {
      case "pcp":
        return this.#pcp(mapped);
      case "nat-pmp":
        return this.#natPmp(mapped);
      case "upnp":
        return this.#upnp(mapped);
    }
  }

  async #pcp(mapped: Mapped): Promise<Outcome> {
    const { router, own } = mapped.way;
    const wish = mapped.wish(LIFETIME_S);
    const answer = await this.#io.askRouter(
      router,
      own,
      encodePcp(wish),
      (bytes) => parsePcp(bytes, wish),
      mapped.signal,
    );
    if (answer === undefined) return "router-silent";
    if (answer.type === "version") return "router-refused";
    if (answer.type === "refused") return answer.code === PCP_NO_RESOURCES ? "second-nat" : "router-refused";
    const host = bareHost(formatIp(answer.outer));
    if (mapped.six !== host.includes(":")) return "router-refused";
    return await this.#granted(mapped, {
      by: "pcp",
      outer: { host, port: answer.port },
      seconds: answer.lifetime,
      epoch: answer.epoch,
    });
  }

  async #natPmp(mapped: Mapped): Promise<Outcome> {
    const { port, way: { router, own } } = mapped;
    const signal = mapped.signal;
    const question = encodeNatPmp(port, mapped.grant?.outer.port ?? port, LIFETIME_S);
    const answer = await this.#io.askRouter(router, own, question, (bytes) => parseNatPmp(bytes, port), signal);
    if (answer === undefined) return "router-silent";
    if (answer.type === "refused") return answer.code === PMP_NETWORK_FAILURE ? "second-nat" : "router-refused";
    const address = await this.#io.askRouter(router, own, encodeAddressQuestion(), parseAddressAnswer, signal);
    if (address === undefined || address.type === "refused") {
      return address === undefined ? "router-silent" : "second-nat";
    }
    return await this.#granted(mapped, {
      by: "nat-pmp",
      outer: { host: formatIp(address.outer), port: answer.port },
      seconds: answer.lifetime,
      epoch: answer.epoch,
    });
  }

  async #upnp(mapped: Mapped): Promise<Outcome> {
    const { way: { router, own } } = mapped;
    const control = mapped.grant?.control ?? await this.#findControl(mapped);
    if (control === undefined) return "router-silent";
    const call = (action: string, fields: Record<string, string | number>) =>
      this.#io.request(router, control, own, mapped.signal, soap(control.service, action, fields));
    const outer = fieldIn((await call("GetExternalIPAddress", {}))?.body ?? "", "NewExternalIPAddress");
    let port = mapped.grant?.outer.port ?? mapped.port;
    for (let tries = 0; tries <= CONFLICT_TRIES; tries++) {
      const answer = await call("AddPortMapping", {
        NewRemoteHost: "",
        NewExternalPort: port,
        NewProtocol: "TCP",
        NewInternalPort: mapped.port,
        NewInternalClient: own,
        NewEnabled: 1,
        NewPortMappingDescription: "",
        NewLeaseDuration: LIFETIME_S,
      });
      if (answer === undefined) return "router-silent";
      if (answer.status === 200) {
        // What the LAN says is an IPv4 address, or nothing.
        const host = outer ?? "";
        return await this.#granted(mapped, {
          by: "upnp",
          outer: { host, port },
          seconds: LIFETIME_S,
          epoch: undefined,
          control,
        });
      }
      const code = errorIn(answer.body);
      if (code === UPNP_ACTION_FAILED) return "second-nat";
      if (code !== UPNP_CONFLICT) return "router-refused";
      port = this.#anotherPort();
    }
    return "router-refused";
  }

  async #findControl(mapped: Mapped): Promise<Control | undefined> {
    const { signal, way: { router, own } } = mapped;
    const tried = new Set<string>();
    for (const { host, answer } of await this.#io.search(own, signal)) {
      // The router and nobody else, wherever the others point.
      const place = host === router ? locationIn(answer, host) : undefined;
      if (place === undefined || tried.has(place.path) || tried.size >= DESCRIPTIONS_MAX) continue;
      tried.add(place.path);
      const description = await this.#io.request(host, place, own, signal);
      const control = description?.status === 200 ? controlIn(description.body, host, place) : undefined;
      if (control !== undefined) return control;
      if (signal.aborted) break;
    }
    return undefined;
  }

  /** A grant that is of use; what is none is given back. */
  async #granted(mapped: Mapped, grant: Grant): Promise<Outcome> {
    if (grant.seconds === 0) return "router-refused";
    const { host } = grant.outer;
    // A pinhole is for our own address. The outer IPv4 address is the LAN's word: a literal of the internet's, or nothing.
    const literal = mapped.six
      ? host === mapped.way.own
      : parseIpv4(host) !== undefined && !/^(0|22[4-9]|2[345]\d)\./.test(host);
    if (literal && scopeOf(host) === "internet") return grant;
    const { grant: before } = mapped;
    mapped.grant = grant;
    await this.#takeBack(mapped, mapped.signal);
    mapped.grant = before;
    return literal ? "second-nat" : "router-refused";
  }

  async #takeBack(mapped: Mapped, signal: AbortSignal): Promise<void> {
    const { grant, way: { router, own } } = mapped;
    if (grant === undefined) return;
    const bytes = mapped.back();
    if (bytes !== undefined) {
      return void await this.#io.askRouter(
        router,
        own,
        bytes,
        () => true as const,
        signal,
        BACK_MS,
      );
    }
    if (grant.control === undefined) return;
    const fields = { NewRemoteHost: "", NewExternalPort: grant.outer.port, NewProtocol: "TCP" };
    await this.#io.request(
      router,
      grant.control,
      own,
      signal,
      soap(grant.control.service, "DeletePortMapping", fields),
      BACK_MS,
    );
  }

  /** 20000 to 59999. */
  #anotherPort(): number {
    const bytes = new Uint8Array(4);
    this.#parts.entropy(bytes);
    return 20_000 + new DataView(bytes.buffer).getUint32(0) % 40_000;
  }
}

function hasLostState(before: Grant, heardAt: Millis, now: Grant, at: Millis): boolean {
  if (before.epoch === undefined || now.epoch === undefined) return false;
  const lostState = now.by === "pcp" ? pcpLostState : natPmpLostState;
  return lostState({ epoch: before.epoch, at: heardAt / 1000 }, { epoch: now.epoch, at: at / 1000 });
}

const SOCKETS: MapperIo = {
  askRouter,
  request,
  search,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** RFC 6887 section 7.4, RFC 6886 section 3.5, UPnP IGD: what a router says whose own outer address is a private one. */
const PCP_NO_RESOURCES = 8;
const PMP_NETWORK_FAILURE = 3;
const UPNP_ACTION_FAILED = 501;
const UPNP_CONFLICT = 718;
