import { deepStrictEqual as deepEqual, ok } from "node:assert/strict";
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
  for (const rest of ["p", "c", "pc"]) at(`E${rest}`, "error leave");
  for (const rest of ["pe", "ec", "pec"]) at(`E${rest}`, ".error leave");
  const seen = new Map(STATES.map((state) => [keyOf(state), told(state)]));
  deepEqual([...seen].sort(), [...expected].sort());
});

Deno.test("no last write goes behind one that is on its way to the output, or to an output that is closed", () => {
  for (const state of STATES) {
    const toOutput = lastWrites(state).some(({ to }) => to === "output");
    ok(!toOutput || (!state.painting && !state.closed), keyOf(state));
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
