// A TCP connection that both sides opened becomes TLS (docs/PROTOCOL.md section 1, "Two-sided calls"): both begin as
// clients, and the smaller random gives way. Scope: the bytes between the socket and whichever end of TLS it becomes.
// Out of scope: the rules (roles.ts), opening the connection (connect.ts), what is asked of a peer (tls.ts).

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Role } from "../../ports.ts";
import { after } from "../../system.ts";
import { HELLO_MAX_SIZE, type Roles, rolesOf } from "./roles.ts";

export interface MeetParts {
  /** A client on these bytes, which sends its ClientHello unasked. */
  client(over: Duplex): TLSSocket;
  server(over: Duplex): TLSSocket;
  /** Called once, before TLS goes on; what becomes of the returned one is the caller's to watch. False: close. */
  decided(role: Role): boolean;
  /** The end of TLS that goes on. No byte of the peer's has been given to it. */
  begun(socket: TLSSocket, role: Role): void;
  /** It never came so far. */
  failed(why: "mirror" | "broken" | "closed" | "refused"): void;
}

/**
 * Takes the socket over; exactly one of `begun` and `failed` is called, later than this returns. The returned function
 * gives it up, and then neither is.
 */
export function meet(raw: Socket, parts: MeetParts): () => void {
  const meeting = new Meeting(raw, parts);
  return () => meeting.giveUp();
}

class Meeting {
  readonly #raw: Socket;
  readonly #parts: MeetParts;
  readonly #way: Way;
  readonly #client: TLSSocket;
  /** What our client has written; its first record is the ClientHello. */
  #own: Uint8Array = new Uint8Array(0);
  /** What came before it was clear who is who. */
  #theirs: Uint8Array = new Uint8Array(0);
  #over = false;

  constructor(raw: Socket, parts: MeetParts) {
    this.#raw = raw;
    this.#parts = parts;
    raw.on("data", this.#read).once("close", this.#ended).once("end", this.#ended);
    this.#way = new Way(raw, (chunk) => {
      if (this.#own.length < HELLO_MAX_SIZE) this.#own = Buffer.concat([this.#own, chunk]);
      // Not in the middle of the client's own write.
      queueMicrotask(() => this.#judge());
    });
    this.#client = parts.client(this.#way);
    // Stays for good: an error without a listener can end the process.
    this.#client.on("error", this.#ended);
  }

  giveUp(): void {
    if (!this.#settle()) return;
    // Our hello may still be on its way to nobody, and the next attempt needs these ports.
    this.#raw.resetAndDestroy();
    this.#close();
  }

  #read = (chunk: Buffer): void => {
    this.#theirs = Buffer.concat([this.#theirs, chunk]);
    this.#judge();
  };

  #ended = (): void => this.#fail("closed");

  #judge(): void {
    if (this.#over) return;
    const roles = rolesOf(this.#own, this.#theirs);
    if (roles.verdict === "wait") return;
    if (roles.verdict === "mirror" || roles.verdict === "broken") return this.#fail(roles.verdict);
    const role = roles.verdict === "server" ? "listener" : "dialer";
    if (!this.#parts.decided(role)) return this.#fail("refused");
    if (!this.#settle()) return;
    this.#go(roles);
  }

  #go(roles: Roles & { verdict: "client" | "server" }): void {
    if (roles.verdict === "client") {
      this.#parts.begun(this.#client, "dialer");
      return this.#way.carry(this.#theirs.subarray(roles.skip));
    }
    // Nothing that the client still writes, its farewell for one, reaches the socket.
    this.#way.shut();
    this.#client.destroy();
    const way = new Way(this.#raw);
    this.#parts.begun(this.#parts.server(way), "listener");
    way.carry(this.#theirs);
  }

  #fail(why: "mirror" | "broken" | "closed" | "refused"): void {
    if (!this.#settle()) return;
    this.#close();
    this.#parts.failed(why);
  }

  #close(): void {
    this.#way.shut();
    this.#client.destroy();
    this.#raw.destroy();
  }

  /** False: it was settled before. */
  #settle(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#raw.off("data", this.#read).off("close", this.#ended).off("end", this.#ended);
    return true;
  }
}

/**
 * What one end of TLS takes for its socket. It is over with the socket, and the socket with it. Flow control is the
 * socket's: a write is done when the socket's is, and what comes is handed on within its event once both have begun.
 */
class Way extends Duplex {
  readonly #raw: Socket;
  readonly #seen: (chunk: Uint8Array) => void;
  #open = true;
  #onData: ((chunk: Buffer) => void) | undefined;

  /** `seen` is told what leaves. */
  constructor(raw: Socket, seen: (chunk: Uint8Array) => void = () => {}) {
    super({ allowHalfOpen: false });
    this.#raw = raw;
    this.#seen = seen;
    this.on("error", () => {});
  }

  /**
   * These bytes first, then all that comes: from the next turn on, when the end of TLS above has begun. What is there
   * before that it takes while it begins, and if it is no good, this runtime throws where nobody can catch it.
   */
  carry(first: Uint8Array): void {
    const early: (Uint8Array | null)[] = first.length > 0 ? [first] : [];
    let begun = false;
    const take = (chunk: Uint8Array | null) => void (begun ? this.push(chunk) : early.push(chunk));
    this.#onData = take;
    this.#raw.on("data", take);
    this.#raw.once("end", () => take(null));
    this.#raw.once("close", () => this.destroy());
    after(0, () => {
      begun = true;
      for (const chunk of early) this.push(chunk);
      if (this.#raw.destroyed) this.destroy();
    });
  }

  /** From now on it is nobody's: what is written is lost, and its end is not the socket's. */
  shut(): void {
    this.#open = false;
    if (this.#onData !== undefined) this.#raw.off("data", this.#onData);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (!this.#open) return done();
    this.#raw.write(chunk, done);
    this.#seen(chunk);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#open) this.#raw.end();
    done();
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#open) this.#raw.destroy();
    done();
  }
}
