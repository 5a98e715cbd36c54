// The completions of docs/completions in real shells, in a real terminal: what a person who presses Tab gets.

import { ROOT } from "../../scripts/release/stage.ts";
import { Tmux } from "../harness/tmux.ts";
import { needs } from "./subject.ts";

interface Shell {
  readonly name: string;
  readonly start: string;
  /** Typed once: loads the completions; `sesame` itself need not be there. */
  readonly load: string;
}

const FOLDER = `${ROOT}docs/completions`;
const SHELLS: readonly Shell[] = [
  { name: "bash", start: "bash --norc --noprofile", load: `source ${FOLDER}/sesame.bash; PS1='> '; clear` },
  {
    name: "zsh",
    start: "zsh -f",
    load: `fpath=(${FOLDER} $fpath); autoload -Uz compinit; compinit -u -D; PS1='> '; clear`,
  },
  {
    name: "fish",
    start: "fish --no-config",
    load: `source ${FOLDER}/sesame.fish; function fish_prompt; echo '> '; end; clear`,
  },
];

/** What is typed before Tab, and what the line then is. */
const LINES: readonly (readonly [typed: string, becomes: RegExp])[] = [
  ["sesame conn", /> sesame connect\b/],
  ["sesame connect --no-com", /> sesame connect --no-commands\b/],
  ["sesame listen --cover o", /> sesame listen --cover off\b/],
  ["sesame phrase --w", /> sesame phrase --words\b/],
  ["sesame help li", /> sesame help listen\b/],
  ["sesame --bel", /> sesame --bell\b/],
];

for (const { name, start, load } of SHELLS) {
  Deno.test({
    name: `${name} completes commands, options and choices when a person presses Tab`,
    ignore: !needs("tmux", name),
    fn: async () => {
      await using terminal = await Tmux.open(() => `env TERM=screen ${start}`, { columns: 120, rows: 30 });
      await terminal.until(/\S/);
      await terminal.line(load);
      await terminal.until(/^> *$/m);
      for (const [typed, becomes] of LINES) {
        await terminal.text(typed);
        await terminal.until(`> ${typed}`);
        await terminal.keys("Tab");
        await terminal.until(becomes);
        await terminal.keys("C-u"); // takes the line away
        await terminal.until(/^> *$/m);
      }
    },
  });
}
