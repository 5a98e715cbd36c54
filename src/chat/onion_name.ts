// The onion name that friends call, as the chat knows it: the chat tells what becomes of it, and `/invite` asks for it.
// Out of scope: Tor (transport/onion), sentences (words/onion.ts).

import { DEFAULT_PORT } from "../constants.ts";
import type { ControlFault, Notice } from "../notice.ts";
import type { OnionEvent, OnionService } from "../transport/onion/service.ts";
import { ONION_PUBLISHING, onionReady } from "../words/onion.ts";

/** The service, and the key that it wants of its callers, as text for whoever is to be shown it. */
type Onion = Pick<OnionService, "start" | "close"> & { readonly key?: (() => string) | undefined };
/** Makes a service that brings callers to a port of ours. */
export type OpenOnion = (port: number, tell: (event: OnionEvent) => void) => Onion;

export class OnionName implements Disposable {
  readonly #service: Onion;
  readonly #show: (notice: Notice) => void;
  #name: { readonly address: string; readonly confirmed: boolean } | undefined;
  #failed: ControlFault | undefined;

  constructor(open: OpenOnion, port: number, show: (notice: Notice) => void) {
    this.#show = show;
    this.#service = open(port, (event) => this.#became(event));
  }

  /** Resolves when Tor has made a name, or with why it has not. */
  async start(): Promise<ControlFault | undefined> {
    await this.#service.start();
    return this.#failed;
  }

  /** What a friend types, or that it is not known yet. */
  get invitation(): string {
    if (this.#name === undefined) return ONION_PUBLISHING;
    return onionReady(this.#name.address, this.#name.confirmed, this.#service.key?.());
  }

  [Symbol.dispose](): void {
    this.#service.close();
  }

  #became(event: OnionEvent): void {
    switch (event.type) {
      case "starting":
        return this.#show({ event: "onion-starting", percent: event.percent });
      case "ready":
        this.#name = { address: `${event.name}:${DEFAULT_PORT}`, confirmed: event.confirmed };
        return this.#show({ event: "onion", ...this.#name, ...this.#service.key && { key: this.#service.key() } });
      case "gone":
        this.#name = undefined;
        return this.#show({ event: "onion-gone", why: undefined });
      case "failed":
        if (!event.again) this.#failed = event.fault;
        else this.#show({ event: "onion-gone", why: event.fault });
    }
  }
}
