// The key of a friend's onion name (`connect --onion-auth`), asked for or read, and the password of Tor's control port:
// into locked memory; and the key lent to Tor for calls. Scope: the order. Out of scope: what a key is
// (transport/onion), sentences (words/onion.ts).

import type { ChatArgs } from "../chat/chat_args.ts";
import type { Host } from "../host/host.ts";
import type { Entropy } from "../ports.ts";
import type { Arena, LockedBytes, LockedDhSecret } from "../secrets/locked.ts";
import { askHidden, PROMPTS } from "../terminal/prompt.ts";
import type { Tty } from "../terminal/tty.ts";
import { formatAddress } from "../transport/address.ts";
import { ClientKeys } from "../transport/onion/client_keys.ts";
import { ControlError } from "../transport/onion/control.ts";
import { keyFromBase32 } from "../transport/onion/key_text.ts";
import { parseProxy } from "../transport/proxy_address.ts";
import { KEY_PROBLEMS, KEY_PROMPT, onionProblem, PASSWORD_PROBLEMS } from "../words/onion.ts";
import { EXIT, type Problem, sentence } from "../words/problems.ts";
import { onionNames } from "./checks.ts";
import { type Password, waysIn } from "./onion.ts";
import { tell } from "./tell.ts";

/** What Tor is told for us, as far as it was given. */
export interface OnionSecrets {
  /** Of friends' onion names. */
  readonly key: LockedDhSecret | undefined;
  /** Of Tor's control port. */
  readonly password: Password | undefined;
}

/** What reading them needs of the start. */
export interface SecretReading {
  readonly host: Host;
  readonly tty: Tty;
  readonly arena: Arena;
  /** One line into this memory; text: why not. */
  readonly readLine: (fd: number, into: LockedBytes) => Promise<{ readonly length: number } | string>;
  readonly panic: (lineEnd: string) => never;
}

/** Without its line end; or the exit code, when why has been told. */
export async function takePassword(
  { host, tty, arena, readLine }: SecretReading,
  fd: number,
): Promise<Password | number> {
  const room = arena.bytes(TYPED_SIZE);
  const line = host.isTerminal(fd) ? "shown" : await readLine(fd, room);
  if (typeof line !== "string") {
    const end = [0x0a, 0x0d].reduce(
      (length, byte) => room.bytes[length - 1] === byte ? length - 1 : length,
      line.length,
    );
    return { room, length: end };
  }
  room[Symbol.dispose]();
  await tell(tty, sentence(line === "shown" ? PASSWORD_PROBLEMS.shown : PASSWORD_PROBLEMS.unread));
  return EXIT.usage;
}

/** From a prompt, or from this descriptor; or the exit code, when why has been told. */
export async function takeKey(reading: SecretReading, fd: number | undefined): Promise<LockedDhSecret | number> {
  const { host, tty, arena } = reading;
  const asks = fd === undefined;
  if (asks ? !tty.inputIsTerminal : host.isTerminal(fd)) {
    await tell(tty, sentence(asks ? KEY_PROBLEMS.noTerminal : KEY_PROBLEMS.shown));
    return EXIT.usage;
  }
  using room = arena.bytes(TYPED_SIZE);
  const key = arena.dhSecret();
  for (let asked = 0; asked < (asks ? PROMPTS : 1); asked++) {
    const length = await lineOf(reading, fd, room);
    if (length === "leave") return ended(tty, key, EXIT.left);
    if (typeof length === "number" && keyFromBase32(key.bytes, room.bytes.subarray(0, length))) return key;
    room.bytes.fill(0);
    await tell(tty, sentence(length === "unread" ? KEY_PROBLEMS.unread : KEY_PROBLEMS.noKey));
  }
  return ended(tty, key, EXIT.usage);
}

async function ended(tty: Tty, key: LockedDhSecret, code: number): Promise<number> {
  key[Symbol.dispose]();
  await tty.restoreWithin();
  return code;
}

/** How many bytes of a key stand in the memory, or why there are none. */
async function lineOf(
  { tty, readLine, panic }: SecretReading,
  fd: number | undefined,
  room: LockedBytes,
): Promise<number | "too-long" | "leave" | "unread"> {
  if (fd !== undefined) {
    const line = await readLine(fd, room);
    return typeof line === "object" ? line.length : line === "too-long" ? line : "unread";
  }
  const outcome = await askHidden(tty, KEY_PROMPT, room, panic);
  if (outcome.type === "panic") return panic("");
  return outcome.type === "done" ? outcome.length : outcome.type;
}

/** For the Tor that calls go through; it was lent the key once, to see. Or why it does not take it. */
export async function keysFor(
  host: Host,
  { proxy, onionAuth = "", targets }: Pick<ChatArgs, "proxy" | "onionAuth" | "targets">,
  { key, password, entropy }: { key: LockedDhSecret; password: Password | undefined; entropy: Entropy },
): Promise<ClientKeys | Problem> {
  const way = proxy === undefined ? undefined : parseProxy(proxy);
  if (way === undefined || typeof way === "string") return KEY_PROBLEMS.noTor;
  const ways = waysIn(host, onionAuth, password, entropy);
  const keys = new ClientKeys({ ...ways, socksPort: way.address.port, key: key.bytes });
  try {
    // Told now rather than by each call.
    const takeBack = await keys.lend(onionNames(targets)[0] ?? "");
    await takeBack();
    return keys;
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return onionProblem(error.fault, onionAuth || (error.at && formatAddress(error.at)), "onion-auth");
  }
}

/** A key has 52 letters, a password as a rule fewer; with room for blanks and a line end. */
const TYPED_SIZE = 256;
