// Renewals under attack (docs/PROTOCOL.md section 4): by a dialer or a listener who is in and breaks one of their
// rules, and by somebody on the line who suppresses the key or the ciphertext.

import assert from "node:assert/strict";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { pause } from "../harness/child.ts";
import { withLargeCoefficient } from "../harness/kem.ts";
import { CHAIN_CELLS, encodeCell, fragment, type Message, messageId, random } from "../reference/reference.ts";
import { type Session, utf8 } from "../reference/reference.ts";
import { asked, beforeKey, nextEpoch, talking } from "./renewing.ts";
import type { Row } from "./world.ts";

const RENEWAL = "protocol 4: renewal";
const VIOLATIONS = "protocol 4: violations";
const LOW_ORDER = ["00".repeat(32), "01" + "00".repeat(31), "ec" + "ff".repeat(30) + "7f"].map((key) =>
  Uint8Array.fromHex(key)
);

export const RENEWAL_ROWS: readonly Row[] = [
  // --- We dial ---
  talking("ten epochs", "dialer", {
    where: RENEWAL,
    sent: "everything right, as fast as renewals go",
    promised: "talks in each",
  }, async (_w, session) => {
    for (let i = 0; i < 10; i++) {
      await nextEpoch(session);
      await session.stillTalks(`epoch ${session.epoch}`);
    }
    return `talks in epoch ${session.epoch}`;
  }),
  talking("a key that came late", "dialer", {
    where: RENEWAL,
    sent: "15 cells behind a key held back, then it",
    promised: "the 15 dropped",
  }, async (_w, s) => {
    await beforeKey(s);
    const { frame } = s.ratchet.sealDue();
    for (let i = 0; i < 15; i++) s.send(s.dummy());
    s.send(frame);
    await s.stillTalks("behind the key");
    return "15 cells that would have passed over the key dropped, the key and what came then opened";
  }),
  ...[0, 7, 1203, 1239].map((at) =>
    talking(`a forged key, byte ${at}`, "dialer", {
      where: RENEWAL,
      sent: "a changed copy of the key",
      promised: "dropped, the key opens",
    }, async (_w, s) => {
      await beforeKey(s);
      const { frame } = s.ratchet.sealDue();
      const forged = frame.slice();
      forged[12 + at] = forged[12 + at]! ^ 1;
      s.send(forged, forged, frame);
      await s.stillTalks("the key was opened");
      return "dropped, and the renewal went on";
    })
  ),
  talking("a dialer that never moves on", "dialer", {
    where: RENEWAL,
    sent: "100 cells of the old epoch",
    promised: "lives and talks",
  }, async (_w, session) => {
    session.ratchet.staying = true;
    await beforeKey(session);
    for (let i = 0; i < 100; i++) session.send(session.dummy());
    await session.stillTalks("long after the ciphertext");
    assert.equal(session.epoch, 0);
    await session.until(() => session.ratchet.state.receiving.epoch === 1 || undefined, 2000, "no cell of epoch 1");
    return "talks on in epoch 0, the victim sends in epoch 1";
  }),
  ...(["one change", "two changes"] as const).map((changes) =>
    talking(`a cell held back over ${changes} of epoch`, "dialer", {
      where: RENEWAL,
      sent: "a message of epoch 0, late",
      promised: "shown after one",
    }, async (world, session) => {
      const held = session.message(chat("held back"));
      session.nextMessageId--;
      for (let i = 0; i < (changes === "one change" ? 1 : 2); i++) {
        await nextEpoch(session);
        await session.stillTalks(`epoch ${session.epoch}`);
      }
      session.send(...held);
      await session.stillTalks("afterwards");
      const shown = world.shownFrom(session.wire.identity).includes("held back");
      assert.equal(shown, changes === "one change");
      return shown ? "opened with its stored key" : "dropped: its key was wiped";
    })
  ),
  talking("cells of epochs that are not there", "dialer", {
    where: RENEWAL,
    sent: "the next epoch before its time, and others",
    promised: "dropped",
  }, async (_w, session) => {
    for (const epoch of [1, 2, 0x80000000, 0xffffffff]) {
      const { state } = session.ratchet;
      session.send(session.dummy({ epoch }), session.dummy({ epoch }));
      session.ratchet.state = { ...session.ratchet.state, sending: state.sending };
    }
    await session.stillTalks("in epoch 0");
    await nextEpoch(session);
    await session.stillTalks("in epoch 1");
    session.send(session.dummy({ epoch: 0 }), session.dummy({ epoch: 2 }));
    await session.stillTalks("still in epoch 1");
    return "dropped";
  }),
  closed("the key taken away", "dialer", "no cell 8, and 16 behind it", async (s) => {
    await beforeKey(s);
    s.ratchet.sealDue();
    for (let i = 0; i < 16; i++) s.send(s.dummy());
  }),
  ...([
    ["cell 8 that is a dummy", (s) => s.dummy()],
    ["cell 8 that is a message", (s) => s.seal(fragment({ messageId: 0, index: 0, count: 1, data: utf8(chat("x")) }))],
    ["cell 8 that is a ciphertext", (s) => s.seal(ciphertextCell())],
    [
      "a KEM key that fails the check",
      (s) => s.seal(keyCell({ kem: withLargeCoefficient(ml_kem768.keygen().publicKey, 0, 4095) })),
    ],
    ...LOW_ORDER.map((dh, i) =>
      [`an X25519 key of low order, ${i + 1}`, (s: Session) => s.seal(keyCell({ dh }))] as const
    ),
    ["a key with a byte behind it", (s) => s.seal(changed(keyCell(), 1217))],
  ] as readonly (readonly [string, (s: Session) => Uint8Array])[]).map(([name, cell]) =>
    closed(name, "dialer", "in the place of the key", async (session) => {
      session.renews = false;
      await beforeKey(session);
      session.send(cell(session));
    })
  ),
  {
    row: "cells past the end of a chain",
    where: "protocol 4: a chain ends at 16384 cells",
    sent: "a message as the last cell, then 16 more",
    promised: "the last opens, those behind it fail: closed",
    refusals: 0,
    slow: true,
    limitMs: 300_000,
    async run(world) {
      const session = await world.session();
      session.ratchet.staying = true;
      await beforeKey(session);
      await sendUntil(session, CHAIN_CELLS - 1);
      await session.stillTalks("the last cell");
      assert.deepEqual([session.epoch, session.n], [0, CHAIN_CELLS]);
      for (let i = 0; i < 16; i++) session.send(session.dummy());
      const observed = await world.left(session, "protocol");
      return `the last cell of the chain shown; then ${observed}`;
    },
  },
  closed("a key before its place", "dialer", "a key as cell 0", (s) => s.send(s.seal(keyCell()))),
  closed("two keys", "dialer", "a right key as cell 8, another as cell 9", async (s) => {
    await beforeKey(s);
    s.send(s.dummy(), s.seal(keyCell()));
  }),
  closed("a key that came late, as another cell", "dialer", "a key as cell 2, behind cell 3", (s) => {
    s.send(s.dummy(), s.dummy());
    const late = s.seal(keyCell());
    s.send(s.dummy(), late);
  }),
  closed("a ciphertext from the dialer", "dialer", "a ciphertext as cell 0", (s) => s.send(s.seal(ciphertextCell()))),

  // --- We listen ---
  talking("ten epochs of the victim", "listener", {
    where: RENEWAL,
    sent: "everything right, in the other role",
    promised: "talks in each",
  }, async (_w, session) => {
    while (session.epoch < 10) {
      await nextEpoch(session);
      await session.stillTalks(`epoch ${session.epoch}`);
    }
    return `talks in epoch ${session.epoch}`;
  }),
  talking("a listener that never answers", "listener", {
    where: RENEWAL,
    sent: "no ciphertext, 100 cells",
    promised: "lives and talks",
  }, async (_w, session) => {
    session.renews = false;
    await asked(session);
    for (let i = 0; i < 100; i++) session.send(session.dummy());
    await session.stillTalks("no ciphertext yet");
    await session.cellsOpened(session.cells + 20);
    assert.equal(session.ratchet.state.receiving.epoch, 0);
    return "talks on in epoch 0, and asks for nothing more";
  }),
  talking("a forged ciphertext", "listener", {
    where: RENEWAL,
    sent: "changed copies of the ciphertext",
    promised: "dropped, the right one opens",
  }, async (_w, s) => {
    await asked(s);
    const { frame } = s.ratchet.sealDue();
    for (const at of [20, 1000, 1120]) s.send(changed(frame, at));
    s.send(frame);
    await s.stillTalks("in epoch 1");
    return "dropped, and the renewal went on";
  }),
  closed("the ciphertext taken away", "listener", "16 cells of the new epoch without it", async (s) => {
    await asked(s);
    s.ratchet.sealDue();
    for (let i = 0; i < 16; i++) s.send(s.dummy());
  }),
  closed(
    "a ciphertext that was not made for the key",
    "listener",
    "a wrong ct, then the new epoch",
    async (session) => {
      await asked(session);
      session.renews = false;
      const { state } = session.ratchet;
      const dh = state.ciphertext!.slice(1088);
      session.send(session.seal(encodeCell({ kind: "ciphertext", ct: random(1088), dh })));
      session.ratchet.state = { ...session.ratchet.state, ciphertext: undefined };
      session.ratchet.moveOn();
      await session.until(() => session.broken > 0 || undefined, 2000, "the victim did not move on");
      for (let i = 0; i < 16; i++) session.send(session.dummy());
    },
  ),
  ...([
    ["a key from the listener", (s) => [s.seal(keyCell())]],
    ["a cell behind the ciphertext", (s) => [ciphertextAndStay(s), s.dummy()]],
    ["a second ciphertext", (s) => [ciphertextAndStay(s), s.seal(ciphertextCell())]],
    ["a ciphertext that came late", (s) => [ciphertextAndStay(s), s.dummy()].reverse()],
    ["a chain longer than its ciphertext said", (s) => [ciphertextAndGo(s), s.dummy({ pn: s.pn + 1 })]],
    ["a ciphertext with a byte behind it", (s) => [s.seal(changed(ciphertextCell(), 1121))]],
    ...LOW_ORDER.map((dh, i) =>
      [`an X25519 key of low order back, ${i + 1}`, (s: Session) => [s.seal(ciphertextCell(dh))]] as const
    ),
  ] as readonly (readonly [string, (s: Session) => Uint8Array[]])[]).map(([name, cells]) =>
    closed(name, "listener", "after the victim's key", async (session) => {
      await asked(session);
      session.renews = false;
      session.send(...cells(session));
    })
  ),
  closed(
    "a ciphertext that no key waits for",
    "listener",
    "a ciphertext as cell 0",
    (s) => s.send(s.seal(ciphertextCell())),
  ),
];

/** No faster than section 4 allows: 4500 cells at once, then 100 a second. */
async function sendUntil(session: Session, n: number): Promise<void> {
  for (const began = performance.now(); session.n < n;) {
    const allowed = 4000 + (performance.now() - began) * 95 / 1000;
    while (session.n < Math.min(n, allowed)) session.send(session.dummy());
    await pause(100);
  }
}

/** The ciphertext, and then we go on in the old epoch. */
function ciphertextAndStay(session: Session): Uint8Array {
  const { state } = session.ratchet;
  const { frame, ckAfter } = session.ratchet.sealDue();
  const sending = { ...state.sending, ck: ckAfter, n: state.sending.n + 1 };
  session.ratchet.state = { ...session.ratchet.state, sending };
  return frame;
}

function ciphertextAndGo(session: Session): Uint8Array {
  return session.ratchet.sealDue().frame;
}

function keyCell({ kem = ml_kem768.keygen().publicKey, dh = random(32) }: { kem?: Uint8Array; dh?: Uint8Array } = {}) {
  return encodeCell({ kind: "key", kem, dh });
}

function ciphertextCell(dh: Uint8Array = random(32)): Uint8Array {
  return encodeCell({ kind: "ciphertext", ct: random(1088), dh });
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = copy[at]! ^ 1;
  return copy;
}

/** The victim closes, and shows nothing of it. */
function closed(
  name: string,
  role: "dialer" | "listener",
  sent: string,
  act: (session: Session) => void | Promise<void>,
): Row {
  return {
    row: name,
    where: VIOLATIONS,
    sent,
    promised: "closed, nothing shown",
    refusals: 0,
    async run(world) {
      const session = role === "dialer" ? await world.session() : await world.calledSession();
      await act(session);
      const observed = await world.left(session, "protocol");
      assert.deepEqual(world.shownFrom(session.wire.identity), []);
      return observed;
    },
  };
}

function chat(text: string): string {
  return JSON.stringify({ type: "chat", id: messageId(), text } satisfies Message);
}
