// How a refusal is put on standard error.

import { strictEqual as equal } from "node:assert/strict";
import { tell } from "./tell.ts";

async function told(errorIsTerminal: boolean): Promise<string> {
  let said = "";
  await tell({
    errorIsTerminal,
    size: () => ({ columns: 30, rows: 24 }),
    writeError: (text) => Promise.resolve((said += text) !== ""),
  }, "Could not call. Type HOST:PORT, for example 192.0.2.7:7373.");
  return said;
}

Deno.test("what is told stands in whole words on a terminal, and in one line elsewhere", async () => {
  equal(await told(true), "Could not call. Type\nHOST:PORT, for example\n192.0.2.7:7373.\n");
  equal(await told(false), "Could not call. Type HOST:PORT, for example 192.0.2.7:7373.\n");
});
