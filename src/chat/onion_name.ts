// The onion name that friends call, as the chat knows it: what becomes of it is told, and `/invite` asks for it.
// Not in here: Tor (transport/onion), sentences (words/onion.ts).

import { DEFAULT_PORT } from "../constants.ts";
import type { ControlFault, Notice } from "../notice.ts";
import type { OnionEvent, OnionService } from "../transport/onion/service.ts";
import { ONION_PUBLISHING, onionReady } from "../words/onion.ts";

/** Makes a service that brings callers to a port of ours. */
export type OpenOnion = (port: number, tell: (event: OnionEvent) => void) => Pick<OnionService, "start" | "close">;

export class OnionName implements Disposable {
  readonly #service: Pick<OnionService, "start" | "close">;
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
    return this.#name === undefined ? ONION_PUBLISHING : onionReady(this.#name.address, this.#name.confirmed);
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
        return this.#show({ event: "onion", ...this.#name });
      case "gone":
        this.#name = undefined;
        return this.#show({ event: "onion-gone", why: undefined });
      case "failed":
        if (!event.again) this.#failed = event.fault;
        else this.#show({ event: "onion-gone", why: event.fault });
    }
  }
}
