// The password of Tor's control port, from a descriptor into locked memory, before the phrase is asked for.

import type { Host } from "../host/host.ts";
import type { Arena, LockedBytes } from "../secrets/locked.ts";
import type { Tty } from "../terminal/tty.ts";
import { PASSWORD_PROBLEMS } from "../words/onion.ts";
import { EXIT, sentence } from "../words/problems.ts";
import type { Password } from "./onion.ts";
import { tell } from "./tell.ts";

/** What reading it needs of the start. */
export interface PasswordReading {
  readonly host: Host;
  readonly tty: Tty;
  readonly arena: Arena;
  /** One line into this memory; text: why not. */
  readonly readLine: (fd: number, into: LockedBytes) => Promise<{ readonly length: number } | string>;
}

/** Without its line end; or the exit code, when why has been told. */
export async function takePassword(
  { host, tty, arena, readLine }: PasswordReading,
  fd: number,
): Promise<Password | number> {
  const room = arena.bytes(PASSWORD_SIZE);
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

/** With room for a line end. */
const PASSWORD_SIZE = 256;
