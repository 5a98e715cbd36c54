import { strictEqual as equal } from "node:assert/strict";
import { OpenedCells } from "./silence.ts";

Deno.test("a friend is quiet from three missed cells on, by the pace at which the last ones came", () => {
  for (const pace of [50, 250, 1000, 30_000]) {
    const cells = new OpenedCells();
    equal(cells.quietFor(pace, 0), 0, "nothing is known yet");
    let now = 0;
    for (let i = 0; i < 12; i++) cells.add(now += pace);
    equal(cells.quietFor(now + 3 * pace, now), 0);
    equal(cells.quietFor(now + 3 * pace + 1, now), 3 * pace + 1);
    equal(cells.quietFor(now + pace, now + pace), 0, "another frame has come");
  }
});
