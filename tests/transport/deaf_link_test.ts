// Links that the runtime would leave deaf: a caller sends what makes TLS fail without a word, and the link ends all the same.

import { ok, strictEqual as equal } from "node:assert/strict";
import type { Link } from "../../src/ports.ts";
import { makeIdentity } from "../../src/transport/certificate.ts";
import { TlsTransport } from "../../src/transport/tls.ts";
import { pause } from "../harness/child.ts";
import { hasProgram } from "../harness/product.ts";
import { CONTENT, Tap } from "./tls_records.ts";

const LOOSE = { sanitizeOps: false, sanitizeResources: false };
const identity = () => makeIdentity((into) => crypto.getRandomValues(into as Uint8Array<ArrayBuffer>));
const empty = { type: CONTENT.data, content: new Uint8Array() };

/** A link whose caller can send any record, what came of it, and when it ended. */
async function tapped(run: (tap: Tap, frames: () => number, ended: Promise<void>) => Promise<void>): Promise<void> {
  const { promise: linked, resolve } = Promise.withResolvers<Link>();
  const listener = await new TlsTransport(identity()).listen("127.0.0.1:0", {
    called: (caller) => caller.start({ linked: resolve, failed: () => {} }),
  });
  await using tap = await Tap.open(listener.address);
  try {
    const link = await linked;
    let frames = 0;
    const ended = new Promise<void>((done) => link.receive(() => frames++, done));
    await run(tap, () => frames, ended);
    link.close();
  } finally {
    listener.close();
  }
}

for (
  const [what, records] of [
    ["a fatal alert", [{ type: CONTENT.alert, content: Uint8Array.of(2, 80) }]],
    ["empty records", Array(100).fill(empty)],
    ["half a key update", [{ type: CONTENT.handshake, content: Uint8Array.of(24, 0, 0) }]],
    ["a huge message of TLS's own", [{ type: CONTENT.handshake, content: Uint8Array.of(24, 255, 255, 255) }]],
  ] as const
) {
  Deno.test(
    `a link ends within two seconds after ${what}`,
    { ...LOOSE, ignore: !hasProgram("openssl") },
    () =>
      tapped(async (tap, frames, ended) => {
        await tap.send({ type: CONTENT.data, content: new Uint8Array(1280) });
        while (frames() === 0) await pause(5);
        await tap.send(...records);
        const began = performance.now();
        await Promise.race([ended, pause(4_000)]);
        const took = performance.now() - began;
        ok(took < 2_500, `${took} ms`);
      }),
  );
}

Deno.test(
  "a link on which nothing comes stays",
  { ...LOOSE, ignore: !hasProgram("openssl") },
  () =>
    tapped(async (tap, frames, ended) => {
      await tap.send({ type: CONTENT.data, content: new Uint8Array(1280) });
      await Promise.race([ended, pause(2_500)]);
      await tap.send({ type: CONTENT.data, content: new Uint8Array(1280) });
      for (let waits = 0; waits < 200 && frames() < 2; waits++) await pause(5);
      equal(frames(), 2);
    }),
);
