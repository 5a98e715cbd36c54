// An onion name for as long as it is wanted: published, announced once friends can find it, made again when Tor comes
// back. Scope: the order, the waits. Out of scope: the control port (control.ts), sentences (words).

import type { Address } from "../address.ts";
import type { ControlFault } from "../../notice.ts";
import {
  ControlError,
  type ControlOptions,
  type OnionWanted,
  openFirst,
  type TorControl,
  type Trust,
} from "./control.ts";

/** What becomes of the name. Each is told once for each name. */
export type OnionEvent =
  /** Tor has no way into its network yet. */
  | { readonly type: "starting"; readonly percent: number }
  /** Friends can call it. `confirmed`: Tor said that its descriptor is uploaded; else a minute went by without that. */
  | { readonly type: "ready"; readonly name: string; readonly confirmed: boolean }
  /** The name is gone with the connection; a new one is on its way. */
  | { readonly type: "gone"; readonly name: string }
  /** Tor cannot be asked; it is tried again, unless it is the first time. `at`: its control port, if somebody answered. */
  | {
    readonly type: "failed";
    readonly fault: ControlFault;
    readonly at: Address | undefined;
    readonly again: boolean;
  };

export interface OnionOptions extends ControlOptions, OnionWanted, Trust {
  readonly tell: (event: OnionEvent) => void;
  readonly after: (ms: number, run: () => void) => () => void;
}

export class OnionService {
  readonly #options: OnionOptions;
  #tor: { readonly control: TorControl; readonly at: Address } | undefined;
  #name: string | undefined;
  #told = false;
  #cancel: () => void = () => {};
  #pauseMs = PAUSE_MS;
  #over = false;
  /** A name stood once: from then on what fails is tried again. */
  #stood = false;

  constructor(options: OnionOptions) {
    this.#options = options;
  }

  /** Resolves when the name is made or has failed; everything after it is told. Never throws. */
  async start(): Promise<void> {
    try {
      const distrusts = (at: Address) => this.#over ? "nobody" : this.#options.distrusts(at);
      const tor = await openFirst({ ...this.#options, distrusts });
      const { control } = tor;
      if (this.#over) return control.close();
      this.#tor = tor;
      control.onLost = () => this.#lost();
      control.onUploaded = (name) => {
        if (`${name}.onion` === this.#name) this.#ready(true);
        else if (this.#early.size < EARLY_MAX) this.#early.add(name);
      };
      const percent = await control.bootstrapped();
      if (percent < 100) this.#options.tell({ type: "starting", percent });
      this.#name = await control.addOnion(this.#options);
      this.#told = false;
      this.#stood = true;
      this.#pauseMs = PAUSE_MS;
      if (this.#early.has(this.#name.slice(0, -".onion".length))) return this.#ready(true);
      this.#cancel = this.#options.after(UPLOAD_MS, () => this.#ready(false));
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      this.#drop();
      if (this.#over) return;
      this.#options.tell({ type: "failed", fault: error.fault, at: error.at, again: this.#stood });
      if (this.#stood) this.#again();
    }
  }

  /** The control port that has let us in; undefined: none has, or its connection is over. */
  get control(): Address | undefined {
    return this.#tor?.at;
  }

  /** The name ends with it. */
  close(): void {
    this.#over = true;
    this.#cancel();
    this.#drop();
  }

  /** Uploads that were told before the name was: ADD_ONION answers first, but nothing says that it must. */
  readonly #early = new Set<string>();

  #ready(confirmed: boolean): void {
    if (this.#told || this.#name === undefined) return;
    this.#told = true;
    this.#cancel();
    this.#options.tell({ type: "ready", name: this.#name, confirmed });
  }

  #lost(): void {
    const name = this.#name;
    this.#cancel();
    this.#drop();
    if (this.#over || !this.#stood || name === undefined) return;
    this.#options.tell({ type: "gone", name });
    this.#again();
  }

  #again(): void {
    this.#cancel = this.#options.after(this.#pauseMs, () => void this.start());
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MAX_MS);
  }

  #drop(): void {
    this.#name = undefined;
    this.#early.clear();
    const tor = this.#tor;
    this.#tor = undefined;
    tor?.control.close();
  }
}

/** A Tor that has other services names theirs as well. */
const EARLY_MAX = 64;
/** After the loss of Tor; doubled with each try that fails. */
const PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 60_000;
/** A descriptor is uploaded within seconds (1.4 s measured); a Tor that never says so may have it up all the same. */
const UPLOAD_MS = 60_000;
