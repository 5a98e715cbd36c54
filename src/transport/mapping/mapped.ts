// What one router has granted for one family, and what is wished of it. Out of scope: asking (languages.ts).

import type { MapWay } from "../../notice.ts";
import type { Entropy } from "../../ports.ts";
import { type Address, ipBytes } from "../address.ts";
import type { Lease } from "./lease.ts";
import { NONCE_SIZE, type PcpWish } from "./pcp.ts";
import type { Control } from "./upnp.ts";

/** Of one family: whom to ask, and as whom. */
export interface RouterWay {
  /** An IP literal; a link-local one with its zone. */
  readonly router: string;
  /** Our own address towards it. */
  readonly own: string;
}

/** What a router has granted. */
export interface Grant {
  readonly by: MapWay;
  readonly outer: Address;
  readonly seconds: number;
  /** Of UPnP: where to ask again. */
  readonly control?: Control;
}

/** What may stand at a router: it was asked for, and has been neither refused nor taken back since. */
export interface Standing {
  /** What takes it back, where one datagram does. */
  readonly datagram: Uint8Array<ArrayBuffer> | undefined;
  /** Asks for it to be forgotten, whatever comes of that. */
  readonly takeBack: (signal: AbortSignal) => Promise<unknown>;
}

/** One family's port at one router. */
export class Mapped {
  readonly nonce: Uint8Array = new Uint8Array(NONCE_SIZE);
  grant: Grant | undefined;
  /** Ends the questions of the present round. */
  signal: AbortSignal = new AbortController().signal;
  lease: Lease | undefined;
  /** It was granted once. */
  had = false;
  #standing: Standing | undefined;
  readonly #changed: () => void;

  /** `changed` is called whenever something else is to be taken back. */
  constructor(readonly way: RouterWay, readonly port: number, entropy: Entropy, changed: () => void) {
    entropy(this.nonce);
    this.#changed = changed;
  }

  get six(): boolean {
    return this.way.own.includes(":");
  }

  get standing(): Standing | undefined {
    return this.#standing;
  }

  set standing(standing: Standing | undefined) {
    this.#standing = standing;
    this.#changed();
  }

  wish(lifetime: number): PcpWish {
    const { grant, six } = this;
    return {
      own: ipBytes(this.way.own),
      nonce: this.nonce,
      innerPort: this.port,
      outerPort: lifetime === 0 ? 0 : grant?.outer.port ?? this.port,
      outer: grant === undefined || lifetime === 0 ? ipBytes(six ? "::" : "0.0.0.0") : ipBytes(grant.outer.host),
      lifetime,
    };
  }
}
