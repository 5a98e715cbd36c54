// The gate must be able to go red: run over a copy of the project with a bug in it (scripts/wire/planted.ts). The simulated
// half is enough for that, and needs neither tcpdump nor a quiet machine.

import assert from "node:assert/strict";

Deno.test("deno task wire is red where dummies are left out while somebody writes, and the rows of the mode stay green", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--allow-all",
      GATE,
      "--planted",
      "dummies",
      "--short",
      "--only",
      "simulated",
    ],
    stdin: "null",
  }).output();
  const lines = new TextDecoder().decode(stdout).split("\n");
  const row = (what: string) => lines.find((line) => line.includes(what)) ?? "";
  assert.equal(code, 1, lines.join("\n"));
  assert.match(row("idle or talking  "), /^FAILED/, lines.join("\n"));
  assert.match(row("real or decoy, from"), /^ok/);
  assert.match(row("--cover off"), /^ok/);
  assert.match(row("labels shuffled"), /^ok/);
});

const GATE = new URL("../../scripts/wire.ts", import.meta.url).pathname;
