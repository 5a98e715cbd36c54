// One router's three languages: PCP, then NAT-PMP, then UPnP, whichever it speaks; and which parts of its answers are
// useful. Out of scope: when it is asked, what is told (mapper.ts), bytes (pcp.ts, nat_pmp.ts, upnp.ts).

import { parseIpv4 } from "../../ip.ts";
import type { MapFault, MapWay } from "../../notice.ts";
import type { Entropy } from "../../ports.ts";
import { formatIp, scopeOf } from "../address.ts";
import type { askRouter, request, search } from "./ask.ts";
import { LIFETIME_S } from "./lease.ts";
import type { Grant, Mapped, Standing } from "./mapped.ts";
import { encodeAddressQuestion, encodeNatPmp, parseAddressAnswer, parseNatPmp } from "./nat_pmp.ts";
import { encodePcp, parsePcp } from "./pcp.ts";
import { type Control, controlIn, errorIn, fieldIn, locationIn, soap } from "./upnp.ts";

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
      const outcome = await this.#by(by, mapped);
      if (typeof outcome !== "string" || mapped.signal.aborted) return outcome;
      // It has said no, or nothing in all its time; what was granted before may stand all the same.
      mapped.standing = standing;
      if (outcome === "second-nat") return outcome;
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
    mapped.standing = { by: "pcp" };
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
    const host = formatIp(answer.outer);
    if (mapped.six !== host.includes(":")) return "router-refused";
    return await this.#granted(mapped, {
      by: "pcp",
      outer: { host, port: answer.port },
      seconds: answer.lifetime,
      epoch: answer.epoch,
    });
  }

  async #natPmp(mapped: Mapped): Promise<Outcome> {
    const { port, signal, way: { router, own } } = mapped;
    const question = encodeNatPmp(port, mapped.grant?.outer.port ?? port, LIFETIME_S);
    mapped.standing = { by: "nat-pmp" };
    const answer = await this.#io.askRouter(router, own, question, (bytes) => parseNatPmp(bytes, port), signal);
    if (answer === undefined) return "router-silent";
    if (answer.type === "refused") return answer.code === PMP_NETWORK_FAILURE ? "second-nat" : "router-refused";
    const address = await this.#io.askRouter(router, own, encodeAddressQuestion(), parseAddressAnswer, signal);
    if (address === undefined || address.type === "refused") {
      return await this.#givenBack(mapped, address === undefined ? "router-silent" : "second-nat");
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
      mapped.standing = { by: "upnp", control, port, granted: false };
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
      // It is there, and may be slow.
      if (answer === undefined) return await this.#givenBack(mapped, "router-silent");
      if (answer.status === 200) {
        mapped.standing = { by: "upnp", control, port, granted: true };
        return await this.#granted(mapped, {
          by: "upnp",
          outer: { host: outer ?? "", port },
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

  /** A grant that is of use; any other is given back. */
  async #granted(mapped: Mapped, grant: Grant): Promise<Outcome> {
    if (grant.seconds === 0) return "router-refused";
    const { host } = grant.outer;
    // A pinhole is for our own address. The outer IPv4 address is the LAN's word: a literal of the internet's, or nothing.
    const literal = mapped.six
      ? host === mapped.way.own
      : parseIpv4(host) !== undefined && !/^(0|22[4-9]|2[345]\d)\./.test(host);
    if (!literal || scopeOf(host) !== "internet") {
      return await this.#givenBack(mapped, literal ? "second-nat" : "router-refused");
    }
    return grant;
  }

  /** But not for a silence what was granted before, which still stands. */
  async #givenBack(mapped: Mapped, why: MapFault): Promise<MapFault> {
    if (mapped.grant === undefined || why !== "router-silent") await this.takeBack(mapped, mapped.signal);
    return why;
  }

  /** Asks for it to be forgotten, whatever comes of that. */
  async takeBack(mapped: Mapped, signal: AbortSignal): Promise<void> {
    const { standing, way: { router, own } } = mapped;
    if (standing === undefined) return;
    const bytes = mapped.back();
    if (bytes !== undefined) await this.#io.askRouter(router, own, bytes, () => true as const, signal, BACK_MS);
    else if (standing.by === "upnp") await this.#takeBackByUpnp(mapped, standing, signal);
  }

  async #takeBackByUpnp(
    { way: { router, own } }: Mapped,
    { control, port, granted }: Standing & { by: "upnp" },
    signal: AbortSignal,
  ): Promise<void> {
    const call = (action: string) => {
      const fields = { NewRemoteHost: "", NewExternalPort: port, NewProtocol: "TCP" };
      return this.#io.request(router, control, own, signal, soap(control.service, action, fields), BACK_MS);
    };
    if (!granted) {
      const entry = await call("GetSpecificPortMappingEntry");
      if (fieldIn(entry?.body ?? "", "NewInternalClient") !== own) return;
    }
    await call("DeletePortMapping");
  }

  /** 20000 to 59999. */
  #anotherPort(): number {
    const bytes = new Uint8Array(4);
    this.#entropy(bytes);
    return 20_000 + new DataView(bytes.buffer).getUint32(0) % 40_000;
  }
}

/** RFC 6887 section 7.4, RFC 6886 section 3.5, UPnP IGD: what a router says whose own outer address is a private one. */
const PCP_NO_RESOURCES = 8;
const PMP_NETWORK_FAILURE = 3;
const UPNP_ACTION_FAILED = 501;
const UPNP_CONFLICT = 718;
