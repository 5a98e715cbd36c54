// chat_driver.ts in a real terminal.

import { Tmux, type TmuxSize } from "../harness/tmux.ts";

export interface DriverOptions extends TmuxSize {
  /** What TERM says inside. */
  readonly term?: string;
  /** Arguments of chat_driver.ts. */
  readonly driver: readonly string[];
}

/** Behind it stand the lines `ended N` and `icanon` or `-icanon`. */
export function openDriver({ term = "screen-256color", driver, ...size }: DriverOptions): Promise<Tmux> {
  const file = new URL("./chat_driver.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const deno = `env TZ=UTC TERM=${term} ${Deno.execPath()} run --quiet --no-prompt --cached-only --config ${config} ` +
    `--allow-net ${file} ${driver.join(" ")}`;
  return Tmux.open(() => `${deno}; echo ended $?; stty -a | grep -o -- '-\\?icanon'; exec cat`, size);
}
