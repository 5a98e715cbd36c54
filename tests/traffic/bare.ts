// The least that pacing can cost: frames of a cell's size over the same TLS and on the same grid, with nothing in them;
// and the public-key work of the dialer's renewals. A process for each side, started by load.ts.
//
//   deno run ... bare.ts far PORT LINKS INTERVAL_MS
//   deno run ... bare.ts hub PORT LINKS INTERVAL_MS SECONDS   prints one line of JSON

import { FRAME_BODY_SIZE, KEM_CIPHERTEXT_SIZE, KEM_KEY_SIZE, KEY_CELL } from "../../src/constants.ts";
import { loadSodium } from "../../src/crypto/sodium.ts";
import { kemDecapsulate, kemPublicKey } from "../../src/crypto/mlkem768.ts";
import { x25519, x25519PublicKey } from "../../src/crypto/x25519.ts";
import type { Link } from "../../src/ports.ts";
import { makeIdentity } from "../../src/transport/certificate.ts";
import { TlsTransport } from "../../src/transport/tls.ts";
import { encodeFrame, FrameType } from "../../src/wire/frame.ts";
import { pause } from "../harness/child.ts";
import { cpuMsOf } from "../harness/process.ts";
import { settleMs } from "./load.ts";

const ROUNDS = 500;
/** Cells of one direction in an epoch: up to the key, and one while it is answered. */
const CELLS_PER_RENEWAL: number = KEY_CELL + 2;

const entropy = (into: Uint8Array) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);

async function main([role, port, links, intervalMs, seconds]: readonly string[]): Promise<void> {
  const transport = new TlsTransport(makeIdentity(entropy));
  const frame = encodeFrame(FrameType.cell, new Uint8Array(FRAME_BODY_SIZE));
  const ticks: { readonly link: Link; at: number }[] = [];
  let received = 0;
  const begin = (link: Link) => {
    link.receive(() => received++, () => Deno.exit(role === "far" ? 0 : 1));
    ticks.push({ link, at: performance.now() + Math.random() * Number(intervalMs) });
  };
  const tick = () => {
    const now = performance.now();
    for (const one of ticks.filter(({ at }) => at <= now)) {
      one.link.send(frame);
      one.at += Number(intervalMs);
    }
    const next = Math.min(now + 1_000, ...ticks.map(({ at }) => at));
    setTimeout(tick, Math.max(1, Math.ceil(next - performance.now())));
  };
  if (role === "far") {
    const { address } = await transport.listen(`127.0.0.1:${port}`, {
      called: (caller) => caller.start({ linked: begin, failed: () => Deno.exit(1) }),
    });
    console.log(address);
    return tick();
  }
  // Before a cell counts, on either side of the comparison.
  const renewal = renewalSeconds(await loadSodium([[32, 4], [64, 1]]));
  for (let i = 0; i < Number(links); i++) {
    begin(await transport.dial(`127.0.0.1:${port}`, new AbortController().signal, () => {}));
  }
  tick();
  await pause(settleMs({ links: Number(links), intervalMs: Number(intervalMs) }));
  const before = { cpuMs: cpuMsOf(Deno.pid), at: performance.now(), received };
  await pause(1_000 * Number(seconds));
  const took = (performance.now() - before.at) / 1_000;
  const tls = (cpuMsOf(Deno.pid) - before.cpuMs) / 1_000 / took;
  const cells = (received - before.received) / took;
  const renewals = renewal * cells / CELLS_PER_RENEWAL;
  console.log(JSON.stringify({ tls, renewals }));
  Deno.exit(0);
}

/** Of one renewal at the dialer: both key pairs, decapsulation and one shared secret, in seconds on the processor. */
function renewalSeconds(arena: Awaited<ReturnType<typeof loadSodium>>): number {
  using secret = arena.dhSecret();
  using seed = arena.bytes(64);
  using ss = arena.key();
  entropy(secret.bytes);
  entropy(seed.bytes);
  const [kem, ciphertext] = [new Uint8Array(KEM_KEY_SIZE), new Uint8Array(KEM_CIPHERTEXT_SIZE)];
  const [own, shared] = [new Uint8Array(32), new Uint8Array(32)];
  const renew = () => {
    kemPublicKey(kem, seed);
    x25519PublicKey(own, secret);
    kemDecapsulate(ss, ciphertext, seed);
    x25519(shared, secret, own);
  };
  for (let i = 0; i < ROUNDS; i++) renew();
  const before = cpuMsOf(Deno.pid);
  for (let i = 0; i < 2 * ROUNDS; i++) renew();
  return (cpuMsOf(Deno.pid) - before) / 1_000 / (2 * ROUNDS);
}

await main(Deno.args);
