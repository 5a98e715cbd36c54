// A connection with Tor's control port (control-spec), from opening to an onion service that ends with it. Scope: the
// socket, one request at a time, the ways to authenticate. Out of scope: what a line says (lines.ts), keeping a service
// alive (service.ts), whose process listens there (host/socket_owner.ts).

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { equal32 } from "../../crypto/equal.ts";
import { hmacSha256 } from "../../crypto/hmac.ts";
import type { ControlFault } from "../../notice.ts";
import type { Entropy } from "../../ports.ts";
import type { Address } from "../address.ts";
import { openWithin } from "../connect.ts";
import { bootstrapPercent, challenge, onionName, protocolInfo, type Reply, ReplyReader, uploaded } from "./lines.ts";

export class ControlError extends Error {
  override readonly name = "ControlError";
  /** `at`: whose control port said so, where several were asked. */
  constructor(readonly fault: ControlFault, readonly at?: Address) {
    super(fault);
  }
}

export interface ControlOptions {
  readonly entropy: Entropy;
  /**
   * Puts the file's bytes at the start of the view and returns how many there were, -1 if it cannot be read. Asked for the path
   * that Tor says, one character a byte.
   */
  readonly readCookie: (path: string, into: Uint8Array) => number;
  /** Lent; its bytes are those of the password. */
  readonly password?: Uint8Array | undefined;
  /** For an answer; ANSWER_MS unless given. */
  readonly answerMs?: number;
}

/** What a person can ask of an onion service. */
export interface OnionWanted {
  /** Where Tor brings the callers: a port of 127.0.0.1. */
  readonly port: number;
  /** The port behind the name. */
  readonly virtualPort: number;
}

/** Where a Tor of ours may be asked. */
export interface Trust {
  /** Tried in this order; the first that lets us in is kept. */
  readonly controls: readonly Address[];
  /** Why nothing is asked there: nobody listens, or somebody else's process does, who could play Tor. */
  readonly distrusts: (control: Address) => "nobody" | "untrusted" | undefined;
}

export class TorControl {
  readonly #socket: Socket;
  readonly #options: ControlOptions;
  readonly #reader = new ReplyReader();
  #waiting: { resolve(reply: Reply): void; reject(error: ControlError): void } | undefined;
  #ended: ControlFault | undefined;
  /** Told of each descriptor that was uploaded: the onion name without its ending. */
  onUploaded: (name: string) => void = () => {};
  /** Told once, when the connection is over. */
  onLost: () => void = () => {};

  private constructor(socket: Socket, options: ControlOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on("data", (bytes: Uint8Array) => this.#read(bytes));
    socket.once("close", () => this.#end("lost"));
  }

  /** Connects and is let in. Throws ControlError, and leaves no connection behind then. */
  static async open(at: Address, options: ControlOptions): Promise<TorControl> {
    const control = new TorControl(await opened(at, options.answerMs ?? ANSWER_MS), options);
    try {
      await control.#enter();
      return control;
    } catch (error) {
      control.close();
      throw error;
    }
  }

  /** In percent; below 100 Tor has no way into its network yet. Throws ControlError. */
  async bootstrapped(): Promise<number> {
    return bootstrapPercent(await this.#ask("GETINFO status/bootstrap-phase")) ?? 0;
  }

  /**
   * A new onion service whose key nobody keeps and which ends with this connection; its name, which is to be told once
   * `onUploaded` has named it. Throws ControlError.
   */
  async addOnion({ port, virtualPort }: OnionWanted): Promise<string> {
    await this.#done("SETEVENTS HS_DESC");
    const flags = "DiscardPK,MaxStreamsCloseCircuit";
    const command = (pow: string) =>
      `ADD_ONION NEW:ED25519-V3 Flags=${flags} MaxStreams=4${pow} Port=${virtualPort},127.0.0.1:${port}`;
    let reply = await this.#ask(command(" PoWDefensesEnabled=1"));
    // Before Tor 0.4.9.2 that is an unknown argument.
    if (reply.code === 512 || reply.code === 513) reply = await this.#ask(command(""));
    const name = onionName(reply);
    if (name === undefined) throw new ControlError("refused");
    return name;
  }

  /** With the connection its onion service ends. */
  close(): void {
    this.onLost = () => {};
    this.#end("lost");
  }

  async #enter(): Promise<void> {
    const info = protocolInfo(await this.#ask("PROTOCOLINFO 1"));
    if (info === undefined) throw new ControlError("not-tor");
    const { methods, cookieFile } = info;
    const { password } = this.#options;
    if (methods.includes("SAFECOOKIE") && cookieFile !== undefined && password === undefined) {
      return await this.#byCookie(cookieFile);
    }
    if (password !== undefined && methods.includes("HASHEDPASSWORD")) {
      // A new text each time it is needed: it cannot be wiped, and SECURITY says so.
      const reply = await this.#ask(`AUTHENTICATE ${password.toHex()}`);
      if (reply.code !== 250) throw new ControlError("password");
      return;
    }
    if (methods.includes("NULL")) return await this.#done("AUTHENTICATE");
    throw new ControlError(methods.includes("HASHEDPASSWORD") ? "password" : "no-method");
  }

  /** Both sides show that they know the cookie, Tor first, and neither sends it (control-spec 3.24). */
  async #byCookie(path: string): Promise<void> {
    const room = new Uint8Array(COOKIE_SIZE + 1);
    const proof = new Uint8Array(32);
    try {
      const length = this.#options.readCookie(path, room);
      if (length < 0) throw new ControlError("cookie");
      // A file of another length is some other file, of which nothing leaves.
      if (length !== COOKIE_SIZE) throw new ControlError("false-tor");
      const cookie = room.subarray(0, COOKIE_SIZE);
      const nonce = new Uint8Array(32);
      this.#options.entropy(nonce);
      const given = challenge(await this.#ask(`AUTHCHALLENGE SAFECOOKIE ${nonce.toHex()}`));
      if (given === undefined) throw new ControlError("refused");
      hmacSha256(proof, SERVER_KEY, cookie, nonce, given.serverNonce);
      if (!equal32(proof, given.serverHash)) throw new ControlError("false-tor");
      hmacSha256(proof, CONTROLLER_KEY, cookie, nonce, given.serverNonce);
      await this.#done(`AUTHENTICATE ${proof.toHex()}`);
    } finally {
      room.fill(0);
    }
  }

  async #done(command: string): Promise<void> {
    const { code } = await this.#ask(command);
    if (code !== 250) throw new ControlError("refused");
  }

  /** One at a time: the next is asked when this one was answered. */
  async #ask(command: string): Promise<Reply> {
    if (this.#ended !== undefined) throw new ControlError(this.#ended);
    if (this.#waiting !== undefined) throw new TypeError("one question at a time");
    const { promise, ...waiting } = Promise.withResolvers<Reply>();
    this.#waiting = waiting;
    const timer = setTimeout(() => this.#end("silent"), this.#options.answerMs ?? ANSWER_MS);
    this.#socket.write(`${command}\r\n`);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  #read(bytes: Uint8Array): void {
    if (this.#ended !== undefined) return;
    const replies = this.#reader.read(bytes);
    if (replies === undefined) {
      // Tor's SOCKS port takes our question for one to a web server, and answers so.
      return this.#end(Buffer.from(bytes).toString("latin1").startsWith("HTTP/1.0 501 Tor") ? "socks" : "not-tor");
    }
    for (const reply of replies) {
      if (reply.code >= 600) {
        const name = uploaded(reply);
        if (name !== undefined) this.onUploaded(name);
      } else this.#waiting?.resolve(reply);
    }
  }

  #end(fault: ControlFault): void {
    if (this.#ended !== undefined) return;
    this.#ended = fault;
    this.#socket.destroy();
    this.#waiting?.reject(new ControlError(fault));
    this.onLost();
  }
}

/** The first control port that lets us in. Throws ControlError: what the most telling of them said. */
export async function openFirst(
  options: ControlOptions & Trust,
): Promise<{ readonly control: TorControl; readonly at: Address }> {
  let worst = new ControlError("nobody");
  for (const at of options.controls) {
    try {
      const fault = options.distrusts(at);
      if (fault !== undefined) throw new ControlError(fault);
      return { control: await TorControl.open(at, options), at };
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      if (error.fault !== "nobody") worst = new ControlError(error.fault, at);
    }
  }
  throw worst;
}

/** Throws ControlError. */
async function opened(at: Address, ms: number): Promise<Socket> {
  const socket = await openWithin(ms, at);
  if (typeof socket === "string") throw new ControlError(socket === "filtered" ? "silent" : "nobody");
  return socket;
}

const ANSWER_MS = 5_000;
const COOKIE_SIZE = 32;
const SERVER_KEY = new TextEncoder().encode("Tor safe cookie authentication server-to-controller hash");
const CONTROLLER_KEY = new TextEncoder().encode("Tor safe cookie authentication controller-to-server hash");
