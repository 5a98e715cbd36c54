// Many real friends in one process, for a product that is measured with a full room: each has a listener, a certificate
// and cores of its own and speaks real TLS; all have one salt, so that the product stretches its phrase once. They stay
// when the product goes, and take the next one. Out of scope: what is measured (tests/panic/panic.ts,
// tests/traffic/load.ts).
//
//   deno run --allow-net --allow-ffi tests/screen/crowd.ts COUNT PHRASE [INTERVAL_MS FIRST_PORT]
//
// Each port is the one after the last, or without FIRST_PORT any that is free. Prints the addresses in one line, and
// ends when its input ends. While the input's last line is `talk`, each friend sends one message a second, each at its
// own moments; `quiet` ends that.

import { argon2Salt, StretchedPhrase } from "../../src/auth/stretched.ts";
import { Loop } from "../../src/chat/loop.ts";
import { Watch } from "../../src/chat/watch.ts";
import type { Stretcher } from "../../src/chat/stretcher.ts";
import { INTERVAL_DEFAULT_MS, SALT_SIZE, STRETCHED_SIZE } from "../../src/constants.ts";
import { loadSodium } from "../../src/crypto/sodium.ts";
import { Peers } from "../../src/peers/step.ts";
import type { View } from "../../src/terminal/view.ts";
import { makeIdentity } from "../../src/transport/certificate.ts";
import { TlsTransport } from "../../src/transport/tls.ts";
import { stretch } from "../harness/stretch.ts";

const [count, phrase] = [Number(Deno.args[0]), new TextEncoder().encode(Deno.args[1])];
const intervalMs = Number(Deno.args[2] ?? INTERVAL_DEFAULT_MS);
const firstPort = Number(Deno.args[3] ?? 0);

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
  clear() {},
  giveBack: () => {},
  tick: () => {},
  stop: () => Promise.resolve(),
  panic: () => {},
};
// Never asked: nobody here dials.
const stretcher = { [Symbol.dispose]: () => {} } as unknown as Stretcher;

let talking = false;
const addresses: string[] = [];
for (let i = 0; i < count; i++) {
  const identity = makeIdentity(entropy);
  const shape = { cover: "constant", intervalMs } as const;
  const peers = new Peers(arena, {
    self: identity.peerId,
    shape,
    name: undefined,
    friends: undefined,
    introductions: "no",
    hidden: false,
  });
  const loop = new Loop({
    takesCallsBack: false,
    onAimed() {},
    peers,
    watch: new Watch(),
    transport: new TlsTransport(identity),
    stretcher,
    view,
    entropy,
    addresses: () => undefined,
    onCallEnded: () => {},
    onNotice: () => {},
    onStep: () => {},
    onFault: (error) => {
      console.error(error);
      Deno.exit(1);
    },
  });
  loop.step({ type: "ready", phrase: StretchedPhrase.from(arena, salt, stretched) });
  addresses.push(await loop.listen(`127.0.0.1:${firstPort === 0 ? 0 : firstPort + i}`));
  loop.takeCalls();
  let said = 0;
  setTimeout(() => {
    setInterval(() => {
      if (talking && peers.present().length > 0) loop.step({ type: "say", text: `friend ${i} says word ${said++}` });
    }, 1_000);
  }, (i * 1_000) / count);
}
console.log(addresses.join(" "));
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  talking = text.trimEnd().endsWith("talk");
}
Deno.exit(0);
