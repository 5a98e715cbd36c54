// The completions of docs/completions in real shells, in a real terminal: what a person gets who presses Tab.

import { match } from "node:assert/strict";
import { ROOT } from "../../scripts/release/stage.ts";
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
  ["sesame connect --no-col", /> sesame connect --no-colour\b/],
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
      const socket = `sesame-complete-${name}-${Deno.pid}`;
      const tmux = async (...args: string[]) => {
        const { stdout } = await new Deno.Command("tmux", { args: ["-u", "-L", socket, ...args], stdin: "null" })
          .output();
        return new TextDecoder().decode(stdout);
      };
      const until = async (what: RegExp) => {
        const end = performance.now() + 15_000;
        let text = "";
        do {
          text = await tmux("capture-pane", "-p");
          if (what.test(text)) return text;
          await new Promise((done) => setTimeout(done, 25));
        } while (performance.now() < end);
        match(text, what);
        return text;
      };
      try {
        await tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "30", `env TERM=screen ${start}`);
        await until(/\S/);
        await tmux("send-keys", "-l", load);
        await tmux("send-keys", "Enter");
        await until(/^> *$/m);
        for (const [typed, becomes] of LINES) {
          await tmux("send-keys", "-l", typed);
          await until(new RegExp(`> ${typed}`));
          await tmux("send-keys", "Tab");
          await until(becomes);
          await tmux("send-keys", "C-u"); // takes the line away
          await until(/^> *$/m);
        }
      } finally {
        await tmux("kill-server");
      }
    },
  });
}
