import { deepStrictEqual as deepEqual, ok } from "node:assert/strict";
import { leaveText } from "./modes.ts";
import { Tty } from "./tty.ts";
import { type LastState, lastWrites } from "./way_out.ts";

const bools = [false, true];
const STATES: readonly LastState[] = bools.flatMap((outputIsTerminal) =>
  bools.flatMap((errorIsTerminal) =>
    bools.flatMap((painting) =>
      bools.flatMap((erring) =>
        bools.map((closed) => ({ outputIsTerminal, errorIsTerminal, painting, erring, closed }))
      )
    )
  )
);

/** In one word each: where to, what, and a dot in front where it waits a moment. */
function told(state: LastState): string {
  return lastWrites(state).map(({ to, what, pause }) => `${pause ? "." : ""}${to} ${what}`).join(", ");
}

Deno.test("the last writes of all 32 states are those of the table, spelled out", () => {
  const expected = new Map<string, string>();
  const at = (key: string, ...writes: string[]) => expected.set(key, writes.join(", "));
  // O, E: output and error are terminals. p: a painting is on its way, e: a prompt, c: the output is closed.
  for (const first of ["", "E", "O", "OE"]) {
    for (const rest of ["", "p", "e", "pe", "c", "pc", "ec", "pec"]) at(first + rest, "");
  }
  for (const first of ["", "O", "OE"]) for (const rest of ["", "e"]) at(first + rest, "output both");
  at("OEp", ".error both");
  at("E", "output words", "error leave");
  at("Ee", "output words", ".error leave");
  for (const rest of ["p", "pe"]) at(rest, ".output words");
  at("Ep", ".output words", "error leave");
  at("Epe", ".output words", ".error leave");
  for (const rest of ["c", "pc"]) at(`E${rest}`, "error leave");
  for (const rest of ["ec", "pec"]) at(`E${rest}`, ".error leave");
  const seen = new Map(STATES.map((state) => [keyOf(state), told(state)]));
  deepEqual([...seen].sort(), [...expected].sort());
});

Deno.test("no last write goes to an output that is closed, nor behind a painting, nor behind a line without a moment's pause", () => {
  for (const state of STATES) {
    const toOutput = lastWrites(state).filter(({ to }) => to === "output");
    const late = toOutput.every(({ pause }) => pause) && !state.outputIsTerminal;
    ok(toOutput.length === 0 || (!state.closed && (!state.painting || late)), keyOf(state));
  }
});

Deno.test("a script's last line is written past one that is on its way, unless a pipe may have cut that in two", () => {
  const { write, isTerminal } = Deno.stdout;
  try {
    Deno.stdout.write = () => new Promise(() => {}); // never heard of again
    Deno.stdout.isTerminal = () => false;
    for (const [size, wanted] of [[300, ["1 last"]], [3000, []]] as const) {
      const wrote: string[] = [];
      const tty = new Tty((fd, bytes) => wrote.push(`${fd} ${new TextDecoder().decode(bytes)}`) > 0);
      void tty.write("x".repeat(size));
      tty.restore("last");
      deepEqual(wrote, wanted);
    }
  } finally {
    Object.assign(Deno.stdout, { write, isTerminal });
  }
});

Deno.test("an ordinary end that the system has not written in time is written past what is on its way", async () => {
  const { write, isTerminal } = Deno.stdout;
  const error = Deno.stderr.write;
  try {
    Deno.stdout.isTerminal = () => true;
    Deno.stderr.write = (bytes) => Promise.resolve(bytes.length);
    for (const stuck of [false, true]) {
      Deno.stdout.write = (bytes) => stuck ? new Promise(() => {}) : Promise.resolve(bytes.length);
      const wrote: string[] = [];
      const tty = new Tty((fd, bytes) => wrote.push(`${fd} ${new TextDecoder().decode(bytes)}`) > 0);
      const modes = { screen: true, paste: true };
      void tty.write(tty.enter(modes));
      await tty.restoreWithin();
      deepEqual(wrote, stuck ? [`1 ${leaveText(modes)}`] : []);
      await tty.restoreWithin();
      deepEqual(wrote.length, stuck ? 1 : 0, "once");
    }
  } finally {
    Object.assign(Deno.stdout, { write, isTerminal });
    Deno.stderr.write = error;
  }
});

function keyOf({ outputIsTerminal, errorIsTerminal, painting, erring, closed }: LastState): string {
  const letters: [boolean, string][] = [
    [outputIsTerminal, "O"],
    [errorIsTerminal, "E"],
    [painting, "p"],
    [erring, "e"],
    [closed, "c"],
  ];
  return letters.map(([is, letter]) => is ? letter : "").join("");
}
