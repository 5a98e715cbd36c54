import { ok, strictEqual as equal } from "node:assert/strict";
import { enterText, leaveText } from "./modes.ts";

/** What follows the escape of a private mode. */
const MODE = /\[\?(\d+)[hlsr]/g;

Deno.test("the wheel sends no arrows while the screen is ours, and does what it did before once it is not", () => {
  ok(enterText({ screen: true, paste: false }).includes("\x1b[?1007s\x1b[?1007l"));
  ok(leaveText({ screen: true, paste: false }).includes("\x1b[?1007r"));
});

Deno.test("each mode that is taken is given back, and none that was not taken", () => {
  for (const [screen, paste] of [[true, true], [true, false], [false, true], [false, false]] as const) {
    const modesIn = (text: string) => [...text.matchAll(MODE)];
    const changed = new Set(modesIn(enterText({ screen, paste })).map(([, mode]) => mode));
    const back = new Set(modesIn(leaveText({ screen, paste })).map(([, mode]) => mode));
    if (screen) changed.add("25"); // the cursor, which paintings hide
    equal([...back].sort().join(), [...changed].sort().join(), `screen ${screen}, paste ${paste}`);
  }
});
