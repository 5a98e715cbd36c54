// One router's three languages: PCP, then NAT-PMP, then UPnP, whichever it speaks; and which parts of its answers are
// useful. Out of scope: when it is asked, what is told (mapper.ts), bytes (pcp.ts, nat_pmp.ts, upnp.ts).

import { parseIpv4 } from "../../ip.ts";
import type { MapFault, MapWay } from "../../notice.ts";
import type { Entropy } from "../../ports.ts";
import { formatIp, scopeOf } from "../address.ts";
import type { askRouter, request, search } from "./ask.ts";
import { LIFETIME_S } from "./lease.ts";
import type { Grant, Mapped, RouterWay, Standing } from "./mapped.ts";
import { encodeAddressQuestion, encodeNatPmp, parseAddressAnswer, parseNatPmp } from "./nat_pmp.ts";
import { encodePcp, parsePcp } from "./pcp.ts";
import { type Control, controlIn, errorIn, fieldIn, type HttpAnswer, locationIn, soap } from "./upnp.ts";

export type Outcome = Grant | MapFault;

/** The edge: sockets. */
export interface RouterSockets {
  readonly askRouter: typeof askRouter;
  readonly request: typeof request;
  readonly search: typeof search;
}

/** How long taking back may last. */
export const BACK_MS = 1_000;
const DESCRIPTIONS_MAX = 2;
const CONFLICT_TRIES = 5;

export class Languages {
  readonly #io: RouterSockets;
  readonly #entropy: Entropy;
  readonly #by: Readonly<Record<MapWay, (mapped: Mapped) => Promise<Outcome>>> = {
    "pcp": (mapped) => this.#pcp(mapped),
    "nat-pmp": (mapped) => this.#natPmp(mapped),
    "upnp": (mapped) => this.#upnp(mapped),
  };

  constructor(io: RouterSockets, entropy: Entropy) {
    this.#io = io;
    this.#entropy = entropy;
  }

  /**
   * What comes of asking for this port, within `mapped.signal`. `anew`: also in the languages in which it was not granted, as it
   * may be another router's by now.
   */
  async outcome(mapped: Mapped, anew: boolean): Promise<Outcome> {
    const { grant, standing } = mapped;
    let why: MapFault = "router-silent";
    const all: readonly MapWay[] = mapped.six ? ["pcp"] : ["pcp", "nat-pmp", "upnp"];
    const ways = grant === undefined ? all : [grant.by, ...anew ? all.filter((by) => by !== grant.by) : []];
    for (const by of ways) {
      const outcome = await this.#by[by](mapped);
      if (typeof outcome !== "string" || mapped.signal.aborted) return outcome;
      // It has said no, or nothing in all its time; what was granted before may stand all the same.
      mapped.standing = standing;
      if (outcome === "second-nat") return outcome;
      if (outcome === "router-refused") why = outcome;
    }
    return why;
  }

  async #pcp(mapped: Mapped): Promise<Outcome> {
    const wish = mapped.wish(LIFETIME_S);
    const back = encodePcp(mapped.wish(0));
    const got = await this.#datagram(mapped, encodePcp(wish), (bytes) => parsePcp(bytes, wish), back, PCP_NO_RESOURCES);
    if (typeof got === "string") return got;
    const outer = { host: formatIp(got.outer), port: got.port };
    return await this.#granted(mapped, { by: "pcp", outer, seconds: got.lifetime });
  }

  async #natPmp(mapped: Mapped): Promise<Outcome> {
    const { port, signal, way: { router, own } } = mapped;
    const question = encodeNatPmp(port, mapped.grant?.outer.port ?? port, LIFETIME_S);
    const back = encodeNatPmp(port, 0, 0);
    const got = await this.#datagram(mapped, question, (bytes) => parseNatPmp(bytes, port), back, PMP_NETWORK_FAILURE);
    if (typeof got === "string") return got;
    const address = await this.#io.askRouter(router, own, encodeAddressQuestion(), parseAddressAnswer, signal);
    if (address === undefined) return await this.#givenBack(mapped, "router-silent");
    if (typeof address === "number") return await this.#givenBack(mapped, "second-nat");
    const outer = { host: formatIp(address), port: got.port };
    return await this.#granted(mapped, { by: "nat-pmp", outer, seconds: got.lifetime });
  }

  /** What the answer grants. `back` takes it back; `secondNat`: the refusal of a router whose own address is a private one. */
  async #datagram<T>(
    mapped: Mapped,
    question: Uint8Array,
    parse: (answer: Uint8Array) => T | number | undefined,
    back: Uint8Array<ArrayBuffer>,
    secondNat: number,
  ): Promise<T | MapFault> {
    const { router, own } = mapped.way;
    mapped.standing = {
      datagram: back,
      takeBack: (signal) => this.#io.askRouter(router, own, back, () => true, signal, BACK_MS),
    };
    const answer = await this.#io.askRouter(router, own, question, parse, mapped.signal);
    if (answer === undefined) return "router-silent";
    if (typeof answer !== "number") return answer;
    return answer === secondNat ? "second-nat" : "router-refused";
  }

  async #upnp(mapped: Mapped): Promise<Outcome> {
    for await (const control of this.#controls(mapped)) {
      const said = await this.#call(mapped.way, control, mapped.signal, "GetExternalIPAddress", {});
      if (said !== undefined) {
        return await this.#addMapping(mapped, control, fieldIn(said.body, "NewExternalIPAddress") ?? "");
      }
    }
    return "router-silent";
  }

  /** Where it may be asked: where it was last, then where the search finds it, since a router that began anew may be elsewhere. */
  async *#controls(mapped: Mapped): AsyncGenerator<Control> {
    const { grant, signal, way: { router, own } } = mapped;
    if (grant?.control !== undefined) yield grant.control;
    const tried = new Set<string>();
    for (const { host, answer } of await this.#io.search(own, signal)) {
      // The router and nobody else, wherever the others point.
      const place = host === router ? locationIn(answer, host) : undefined;
      if (place === undefined || tried.has(place.path) || tried.size >= DESCRIPTIONS_MAX) continue;
      tried.add(place.path);
      const description = await this.#io.request(host, place, own, signal);
      const control = description?.status === 200 ? controlIn(description.body, host, place) : undefined;
      if (control !== undefined) yield control;
      if (signal.aborted) break;
    }
  }

  async #addMapping(mapped: Mapped, control: Control, host: string): Promise<Outcome> {
    const { way, grant, signal } = mapped;
    let port = grant?.outer.port ?? mapped.port;
    for (let tries = 0; tries <= CONFLICT_TRIES; tries++) {
      mapped.standing = this.#entry(way, control, port, false);
      const answer = await this.#call(way, control, signal, "AddPortMapping", {
        ...entryOf(port),
        NewInternalPort: mapped.port,
        NewInternalClient: way.own,
        NewEnabled: 1,
        NewPortMappingDescription: "",
        NewLeaseDuration: LIFETIME_S,
      });
      // It is there, and may be slow.
      if (answer === undefined) return await this.#givenBack(mapped, "router-silent");
      if (answer.status === 200) {
        mapped.standing = this.#entry(way, control, port, true);
        return await this.#granted(mapped, { by: "upnp", outer: { host, port }, seconds: LIFETIME_S, control });
      }
      const code = errorIn(answer.body);
      if (code === UPNP_ACTION_FAILED) return "second-nat";
      if (code !== UPNP_CONFLICT) return "router-refused";
      port = this.#anotherPort();
    }
    return "router-refused";
  }

  /** What UPnP forwards. Not `granted`: it has not answered, and the outer port may be somebody else's. */
  #entry(way: RouterWay, control: Control, port: number, granted: boolean): Standing {
    const takeBack = async (signal: AbortSignal) => {
      const call = (action: string) => this.#call(way, control, signal, action, entryOf(port), BACK_MS);
      if (!granted) {
        const entry = await call("GetSpecificPortMappingEntry");
        if (fieldIn(entry?.body ?? "", "NewInternalClient") !== way.own) return;
      }
      await call("DeletePortMapping");
    };
    return { datagram: undefined, takeBack };
  }

  #call(
    { router, own }: RouterWay,
    control: Control,
    signal: AbortSignal,
    action: string,
    fields: Readonly<Record<string, string | number>>,
    limitMs?: number,
  ): Promise<HttpAnswer | undefined> {
    return this.#io.request(router, control, own, signal, soap(control.service, action, fields), limitMs);
  }

  /** A grant that is of use; any other is given back. */
  async #granted(mapped: Mapped, grant: Grant): Promise<Outcome> {
    if (grant.seconds === 0) return "router-refused";
    const { host } = grant.outer;
    // A pinhole is for our own address. The outer IPv4 address is the LAN's word: a literal of the internet's, or nothing.
    const literal = mapped.six
      ? host === mapped.way.own
      : parseIpv4(host) !== undefined && !/^(0|22[4-9]|2[345]\d)\./.test(host);
    if (literal && scopeOf(host) === "internet") return grant;
    return await this.#givenBack(mapped, literal ? "second-nat" : "router-refused");
  }

  /** But not for a silence what was granted before, which still stands. */
  async #givenBack(mapped: Mapped, why: MapFault): Promise<MapFault> {
    if (mapped.grant === undefined || why !== "router-silent") await mapped.standing?.takeBack(mapped.signal);
    return why;
  }

  /** 20000 to 59999. */
  #anotherPort(): number {
    const bytes = new Uint8Array(4);
    this.#entropy(bytes);
    return 20_000 + new DataView(bytes.buffer).getUint32(0) % 40_000;
  }
}

/** How UPnP names a forwarded port. */
function entryOf(port: number): Readonly<Record<string, string | number>> {
  return { NewRemoteHost: "", NewExternalPort: port, NewProtocol: "TCP" };
}

/** RFC 6887 section 7.4, RFC 6886 section 3.5, UPnP IGD: what a router says whose own outer address is a private one. */
const PCP_NO_RESOURCES = 8;
const PMP_NETWORK_FAILURE = 3;
const UPNP_ACTION_FAILED = 501;
const UPNP_CONFLICT = 718;
