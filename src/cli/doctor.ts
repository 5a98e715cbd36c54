// `sesame doctor`: what protects a person on this machine, one line each, with what to do about it.
// In here: the one question about F12. Not in here: the facts (host), the words (words/doctor.ts), a call (doctor_call.ts).

import { wrap } from "../words/wrap.ts";
import { ASK_F12, type Check, checks, line, terminalChecks, type TerminalFacts } from "../words/doctor.ts";
import type { Host } from "../host/host.ts";
import { report } from "../host/protection.ts";
import type { Protection } from "../notice.ts";
import { KeyDecoder } from "../terminal/keys.ts";
import type { Terminal } from "../terminal/tty.ts";
import { EXIT } from "../words/problems.ts";
import { after, wallClock } from "../system.ts";

/** Runs `sesame doctor` and resolves with its exit code. `lock` really locks the memory that a chat would use. */
export async function doctor(
  host: Host,
  tty: Terminal,
  args: { readonly json: boolean },
  lock: () => Promise<Protection["locked"]>,
): Promise<number> {
  const protection = report(host, await lock());
  const { inputIsTerminal: input, outputIsTerminal: output } = tty;
  // A terminal would break words anywhere.
  const columns = output ? tty.size().columns : Infinity;
  const rows = (check: Check) => wrap(line({ ...check, advice: "" }), check.advice, columns, 31).join("\n");
  const write = async (all: readonly Check[]) => {
    for (const check of all) {
      await tty.write(
        (args.json ? JSON.stringify({ event: "doctor", ...check, at: wallClock() }) : rows(check)) + "\n",
      );
    }
  };
  await write(checks(protection));
  const f12 = input && output && !args.json ? await askForF12(tty) : "not tried";
  await write(terminalChecks({ input, output, f12 }));
  await tty.restoreWithin();
  return EXIT.left;
}

/** Any key answers; the terminal is put back by `restoreWithin`. */
async function askForF12(tty: Terminal): Promise<TerminalFacts["f12"]> {
  tty.raw(true);
  void tty.write(ASK_F12);
  const decoder = new KeyDecoder();
  const answer = await new Promise<TerminalFacts["f12"]>((resolve) => {
    const cancel = after(F12_WAIT_MS, () => resolve("not tried"));
    tty.listen((chunk) => {
      const ctrlBackslash = chunk.includes(0x1c);
      const [key] = decoder.feed(chunk);
      if (key === undefined) return;
      cancel();
      if (key.type === "panic") return resolve(ctrlBackslash ? "not tried" : "arrived");
      const skips = key.type === "key" && SKIPS.includes(key.name);
      resolve(skips ? "not tried" : "did not arrive");
    }, () => resolve("not tried"));
  });
  tty.raw(false);
  await tty.write("\n");
  return answer;
}

const SKIPS: readonly string[] = ["enter", "alt-enter", "ctrl-c", "ctrl-j", "escape"];
const F12_WAIT_MS = 30_000;
