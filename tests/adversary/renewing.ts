// How rows reach a certain moment of a renewal, and what all of them require of the victim.

import assert from "node:assert/strict";
import { KEY_CELL, type Session } from "../reference/reference.ts";
import type { Row, World } from "./world.ts";

/** Sends cells until the next epoch is there: we are in it, or could be if we are staying. */
export async function nextEpoch(session: Session): Promise<void> {
  const { ratchet, wire, epoch } = session;
  if (wire.role === "dialer") {
    await beforeKey(session);
    session.send(session.dummy());
  } else {
    await asked(session);
    session.send(ratchet.sealDue().frame);
  }
  const there = () => session.epoch > epoch || ratchet.state.nextSending !== undefined;
  await session.until(() => there() || undefined, 5000, "no new epoch");
}

/** We dial, and our next cell is the key. */
export async function beforeKey(session: Session): Promise<void> {
  while (session.n < KEY_CELL) session.send(session.dummy());
  await session.cellsOpened(1);
}

/** We listen, and our next cell is the ciphertext. */
export async function asked(session: Session): Promise<void> {
  await session.until(() => session.ratchet.due, 5000, "the victim sent no key");
}

/** A row on an authenticated session, which must be in order afterwards. */
export function talking(
  row: string,
  role: "dialer" | "listener",
  told: Pick<Row, "where" | "sent" | "promised">,
  act: (world: World, session: Session) => Promise<string>,
): Row {
  return {
    row,
    ...told,
    refusals: 0,
    async run(world) {
      const session = role === "dialer" ? await world.session() : await world.calledSession();
      const observed = await act(world, session);
      assert(!session.wire.closed, "it was closed");
      assert.deepEqual([session.broken, session.faults], [0, []], "what the victim did wrong");
      return observed;
    },
  };
}
