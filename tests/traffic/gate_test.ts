// The gate must be able to fail: run over copies of the project with a bug in them (tests/traffic/planted.ts). The
// simulated half is enough for that, and needs neither tcpdump nor a quiet machine.

import assert from "node:assert/strict";
import { ran } from "../harness/command.ts";

const BUGS = {
  dummies: "dummies are left out while somebody writes",
  late: "a cell with something in it leaves three milliseconds late",
};

for (const [bug, sentence] of Object.entries(BUGS)) {
  Deno.test(`deno task wire fails where ${sentence}, and the rows of the mode still pass`, async () => {
    const gate = [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", GATE];
    const { code, said } = await ran([...gate, "--planted", bug, "--short", "--only", "simulated"]);
    const row = (what: string) => said.split("\n").find((line) => line.includes(what)) ?? "";
    assert.equal(code, 1, said); // 3: the bug could not be planted
    assert.match(row("idle or talking  "), /^FAILED/, said);
    assert.match(row("real or decoy, pauses"), /^ok/, said);
    assert.match(row("--cover off"), /^ok/, said);
    assert.match(row("labels shuffled"), /^ok/, said);
  });
}

const GATE = new URL("./traffic.ts", import.meta.url).pathname;
