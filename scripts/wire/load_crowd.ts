// The other side of the load measurement (load.ts): many friends in one process, each with a listener, a certificate and
// cores of its own, all with one salt, so that the product that is measured stretches its phrase once.
//
//   deno run --allow-net --allow-ffi scripts/wire/load_crowd.ts COUNT INTERVAL_MS FIRST_PORT PHRASE
//
// Prints `ready` once all listen, and ends when its input ends.

import { argon2Salt, StretchedPhrase } from "../../src/auth/stretched.ts";
import { SALT_SIZE, STRETCHED_SIZE } from "../../src/constants.ts";
import { loadSodium } from "../../src/crypto/sodium.ts";
import { Loop } from "../../src/app/loop.ts";
import { Watch } from "../../src/app/watch.ts";
import type { Stretcher } from "../../src/app/stretcher.ts";
import { Peers } from "../../src/peers/step.ts";
import type { View } from "../../src/terminal/view.ts";
import { makeIdentity } from "../../src/transport/certificate.ts";
import { TlsTransport } from "../../src/transport/tls.ts";
import { stretch } from "../../tests/support/stretch.ts";

const [count, intervalMs, firstPort] = Deno.args.slice(0, 3).map(Number) as [number, number, number];
const phrase = new TextEncoder().encode(Deno.args[3]);

const arena = await loadSodium([[32, 18_000], [64, 512], [256, 512], [1280, 8]]);
const entropy = (into: Uint8Array) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
const salt = new Uint8Array(SALT_SIZE);
entropy(salt);
using stretched = arena.bytes(STRETCHED_SIZE);
stretched.bytes.set((await stretch(phrase, argon2Salt("real", salt))).out);

/** Nobody looks: what would be shown has been shown at once. */
const view: View = {
  start: () => {},
  show: (_notice, shown) => shown?.(),
  hold: () => {},
  giveBack: () => {},
  tick: () => {},
  stop: () => Promise.resolve(),
  panic: () => {},
};
// Never asked: nobody here dials.
const stretcher = { [Symbol.dispose]: () => {} } as unknown as Stretcher;

for (let i = 0; i < count; i++) {
  const identity = makeIdentity(entropy);
  const shape = { cover: "constant", intervalMs } as const;
  const peers = new Peers(arena, { self: identity.peerId, shape, name: undefined, friends: undefined });
  const loop = new Loop({
    peers,
    watch: new Watch(),
    transport: new TlsTransport(identity),
    stretcher,
    view,
    entropy,
    onUncalled: () => {},
    onStep: () => {},
    onFault: (error) => {
      console.error(error);
      Deno.exit(1);
    },
  });
  loop.step({ type: "ready", phrase: StretchedPhrase.from(arena, salt, stretched) });
  await loop.listen(`127.0.0.1:${firstPort + i}`);
}
console.log("ready");
for await (const _ of Deno.stdin.readable);
Deno.exit(0);
