// A Link over a TLS socket whose peer has been checked. Scope: frames out of the stream and into it, and the end of the
// connection, reported once. Out of scope: the handshake and who may connect (tls.ts), what a frame means.
//
// Flow control. `pause()` holds nothing back on this runtime, so nothing is ever paused: each chunk (at most 64 KiB) is
// handed over whole within its `data` event. What a flood may cost is bounded after `receive` (chat/frame_queue.ts).

import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { FRAME_SIZE } from "../constants.ts";
import type { Frame, Link, PeerId, Role } from "../ports.ts";
import { type Address, bareHost, formatAddress } from "./address.ts";
import { FrameReader } from "./frame_reader.ts";
import type { CheckedPeer } from "./handshake_check.ts";
import { Hearing } from "./hearing.ts";

/** Who is at the ends of a connection. */
export interface LinkEnds extends CheckedPeer {
  readonly role: Role;
  readonly self: PeerId;
  /** The peer's. */
  readonly address: Address;
  /** Where our two-sided calls leave from, if they do. */
  readonly punchPort?: number | undefined;
}

export class TlsLink implements Link {
  readonly role: Role;
  readonly address: string;
  readonly host: string;
  readonly local: string;
  readonly fixed: boolean;
  readonly self: PeerId;
  readonly peer: PeerId;
  readonly channelBinding: Uint8Array;
  readonly familiar: boolean;
  readonly #socket: TLSSocket;
  readonly #raw: Socket;
  readonly #reader = new FrameReader();
  /** What came before `receive`. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #onFrame: ((frame: Frame) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #unsent = 0;
  /** What came early has been delivered. */
  #flowing = false;
  #state: "open" | "ended" | "closed" = "open";
  readonly #hearing: Hearing;
  #look: ReturnType<typeof setTimeout> | undefined;

  /** `raw` lies under `socket`. */
  constructor(socket: TLSSocket, raw: Socket, ends: LinkEnds) {
    this.role = ends.role;
    this.address = formatAddress(ends.address);
    this.host = bareHost(ends.address.host);
    this.local = bareHost(socket.localAddress ?? raw.localAddress ?? "");
    this.fixed = raw.localPort !== undefined && raw.localPort === ends.punchPort;
    this.self = ends.self;
    this.peer = ends.peer;
    this.channelBinding = ends.channelBinding;
    this.familiar = ends.familiar;
    this.#socket = socket;
    this.#raw = raw;
    this.#hearing = new Hearing(ends.role, () => raw.bytesRead);
    socket.on("data", (chunk: Uint8Array) => {
      this.#hearing.heard(chunk.length);
      this.#read(chunk);
    });
    // Whichever comes first: the peer's goodbye or a bare FIN, a reset or a broken record, the socket being gone.
    socket.on("end", () => this.#end());
    socket.on("error", () => this.#end());
    socket.on("close", () => this.#end());
    this.#lookAgain();
  }

  receive(onFrame: (frame: Frame) => void, onEnd: () => void): void {
    if (this.#onFrame !== undefined) throw new TypeError("receive() was called twice");
    this.#onFrame = onFrame;
    this.#onEnd = onEnd;
    // Later, so that the caller is never called back in the middle of its own call.
    queueMicrotask(() => {
      for (const chunk of this.#early) this.#deliver(chunk);
      this.#early = [];
      this.#flowing = true;
      if (this.#state === "ended") this.#tellEnd();
    });
  }

  send(frame: Frame): void {
    if (this.#state !== "open") return;
    this.#unsent++;
    this.#socket.write(frame.slice(), () => this.#unsent--);
  }

  get unsent(): number {
    return this.#unsent;
  }

  close(lost = false): void {
    if (this.#state === "closed") return;
    const reset = lost || this.#unsent > 0;
    this.#state = "closed";
    if (reset) this.#raw.resetAndDestroy();
    this.#release();
  }

  #read(chunk: Uint8Array): void {
    if (this.#state !== "open") return;
    if (this.#flowing) return this.#deliver(chunk);
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    if (this.#onFrame === undefined && this.#earlyBytes > EARLY_MAX_BYTES) this.#end();
  }

  /** After some errors of TLS the runtime says neither error nor end, and nothing is heard any more. */
  #lookAgain(): void {
    this.#look = setTimeout(() => {
      if (this.#hearing.deafNow()) this.#end();
      else this.#lookAgain();
    }, LOOK_MS);
  }

  #deliver(chunk: Uint8Array): void {
    this.#reader.read(chunk, () => this.#state !== "closed", this.#onFrame!);
  }

  #end(): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    clearTimeout(this.#look);
    this.#socket.destroy();
    // Otherwise it waits behind what came early.
    if (this.#flowing) this.#tellEnd();
  }

  #tellEnd(): void {
    const onEnd = this.#onEnd;
    this.#release();
    onEnd?.();
  }

  #release(): void {
    clearTimeout(this.#look);
    this.#early = [];
    this.#onEnd = undefined;
    this.#socket.destroy();
  }
}

const LOOK_MS = 500;
/** An honest peer sends one frame before it is answered; this is room for a dozen, and a stranger can fill no more. */
const EARLY_MAX_BYTES = 12 * FRAME_SIZE;
