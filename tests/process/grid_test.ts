// The grid holds while a phrase is being stretched (docs/PROTOCOL.md section 7): measured from outside, by a peer that
// notes when each frame comes.

import { ok } from "node:assert/strict";
import { addressOf, listen, PHRASE } from "../harness/process_pair.ts";
import { authenticateAsDialer, FalseListener, makeOffer, random, stretched, Wire } from "../reference/reference.ts";

const INTERVAL_MS = 100;
const STALL_MS = 30;
/** The machine of CI has other things to do as well: one undisturbed attempt is enough. */
const ATTEMPTS = 4;

Deno.test(`a ticking link keeps its grid within ${STALL_MS} ms while two phrases are being stretched`, async () => {
  await using sesame = await listen(["--interval", `${INTERVAL_MS}`]);
  using session = await authenticateAsDialer(await Wire.dial(await addressOf(sesame)), PHRASE);
  const phrase = await stretched(PHRASE, random(16));
  // Behind our own stretching, which delays what we note.
  await session.cellsOpened(session.cells + 5);
  const figures: string[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const from = session.times.length - 1;
    const stretches = () => sesame.all("stretching").filter((e) => e.done === true).length;
    for (let i = 0; i < 2; i++) {
      await using listener = await FalseListener.open();
      const before = stretches();
      await sesame.say(`/connect ${listener.address}`);
      const wire = await listener.accept();
      wire.send(makeOffer({ ...phrase, salt: random(16) }).frame);
      await sesame.until(() => stretches() > before ? true : undefined, "stretched");
      await wire.frame();
    }
    await session.cellsOpened(session.cells + 2);
    const gaps = session.times.slice(from).flatMap((time, i, all) => i === 0 ? [] : [time - all[i - 1]!]);
    const worst = Math.max(...gaps);
    figures.push(`${worst.toFixed(1)} ms at most of ${gaps.length} gaps`);
    if (worst < INTERVAL_MS + STALL_MS) {
      console.log(`grid of ${INTERVAL_MS} ms while stretching twice: ${figures.join("; ")}`);
      return;
    }
  }
  ok(false, `the grid was left in each attempt: ${figures.join("; ")}`);
});
