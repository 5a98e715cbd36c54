// What is said to a person outside a chat, on standard error. Light: read before the prompt appears.

import type { Tty } from "../terminal/tty.ts";
import { wrap } from "../words/wrap.ts";

/** One line; on a terminal in whole words, since it would break an address or a command anywhere. */
export async function tell(
  tty: Pick<Tty, "errorIsTerminal" | "size" | "writeError">,
  text: string,
): Promise<void> {
  const columns = tty.errorIsTerminal ? tty.size().columns : Infinity;
  await tty.writeError(wrap("", text, columns, 0).join("\n") + "\n");
}
