// The three views of one conversation: the screen, plain sentences, JSON lines.

import { LineView } from "./lines/view.ts";
import { ScreenView } from "./screen/view.ts";
import type { Terminal } from "./tty.ts";
import type { Input, View, ViewOptions } from "./view.ts";

/** `tty` is lent until `stop` or `panic`, which restore it. */
export function openView(
  kind: "screen" | "plain" | "json",
  tty: Terminal,
  options: ViewOptions,
  onInput: (input: Input) => void,
): View {
  if (kind === "screen" && tty.inputIsTerminal && tty.outputIsTerminal) return new ScreenView(tty, options, onInput);
  return new LineView(kind === "json" ? "json" : "plain", tty, options, onInput);
}
