// What is inside: the comparisons of `deno task bench` with more rounds, and Argon2id beside the `argon2` program.

import "../argon2id_bench.ts";
import "../handshake_bench.ts";
import "../ratchet_bench.ts";
import { ours as stretching, PHRASE } from "../argon2id_bench.ts";
import { COMPARISONS, timesOf } from "../ratio.ts";
import { ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES, STRETCHED_SIZE } from "../../src/constants.ts";
import { Child } from "../../tests/harness/child.ts";
import { pathOf } from "./program.ts";
import { contest, type Row, row, type Section } from "./section.ts";

interface Told {
  /** As registered with `compare`. */
  readonly comparison: string;
  readonly name: string;
  readonly unit: "µs" | "ms";
  readonly ours: string;
  readonly peer: string;
  readonly because: string;
  /** How often each side is measured; every round holds as many repetitions as the comparison says. */
  readonly rounds: number;
}

const TOLD: readonly Told[] = [
  {
    comparison: "ratchet, one way",
    name: "seal and open, one way",
    unit: "µs",
    ours: "Sesame: a cell of 1252 bytes",
    peer: "libsignal, with its SPQR: a message as long",
    because:
      "libsignal pads, wraps and carries a post-quantum ratchet besides, and calls back for its stores; ours wipes",
    rounds: 100,
  },
  {
    comparison: "ratchet, both ways",
    name: "seal and open, a long conversation",
    unit: "µs",
    ours: "Sesame: a cell of 1252 bytes, both ways in turn",
    peer: "libsignal, with its SPQR: a message as long",
    because:
      "each of libsignal's messages brings a new DH key, and SPQR renews ML-KEM every 87; ours renews both every 20 or so",
    rounds: 60,
  },
  {
    comparison: "Argon2id",
    name: "Argon2id in a fresh worker",
    unit: "ms",
    ours: "Sesame: one stretch",
    peer: "hash-wasm: the bare call",
    because: "locked memory, wiping, and w·M and w·N afterwards",
    rounds: 15,
  },
  {
    comparison: "Argon2id, against a worker that stands ready",
    name: "Argon2id, peer's worker stands ready",
    unit: "ms",
    ours: "Sesame: one stretch",
    peer: "hash-wasm: the bare call, warm",
    because: "each stretch has a separate worker, which ends with its memory",
    rounds: 15,
  },
  {
    comparison: "handshake",
    name: "handshake",
    unit: "ms",
    ours: "Sesame: TLS, SPAKE2, ML-KEM, first cell each way",
    peer: "bare TLS: 1.3 by node:tls, both certificates verified",
    because: "SPAKE2 and ML-KEM-768 on top of the same TLS, in Wasm",
    rounds: 40,
  },
  {
    comparison: "handshake, against TLS without a look at the certificates",
    name: "handshake, nobody authenticated",
    unit: "ms",
    ours: "Sesame: TLS, SPAKE2, ML-KEM, first cell each way",
    peer: "bare TLS: certificates exchanged, not verified",
    because: "SPAKE2 and ML-KEM-768 on top of the same TLS, in Wasm, and checking the certificates",
    rounds: 40,
  },
  {
    comparison: "handshake, against Noise XX",
    name: "handshake, against Noise XX",
    unit: "ms",
    ours: "Sesame: TLS, SPAKE2, ML-KEM, first cell each way",
    peer: "noise-handshake: XX over TCP",
    because: "Noise has no phrase, no certificates and no ML-KEM, and its arithmetic is native",
    rounds: 40,
  },
];

/** `heavy`: with libsignal, which is 150 MB to fetch. */
export async function primitives(heavy: boolean, share: number): Promise<Section> {
  const rows: Row[] = [];
  for (const { comparison, name, unit, ours, peer, because, rounds } of TOLD) {
    if (!heavy && comparison.startsWith("ratchet")) {
      rows.push({ name, unit, peer: { label: peer, missing: "libsignal is not fetched for a short run." }, because });
      continue;
    }
    const sides = await COMPARISONS.get(comparison)!();
    const times = await timesOf({ ...sides, rounds: Math.max(2, Math.round(rounds * share)) });
    const scaled = (list: readonly number[]) => list.map((us) => unit === "ms" ? us / 1000 : us);
    const samples = {
      ours: { label: ours, samples: scaled(times.ours) },
      peer: { label: peer, samples: scaled(times.peer) },
    };
    rows.push(row(name, unit, samples.ours, samples.peer, because));
  }
  return { rows: [...rows, ...await argon2Program(Math.max(2, Math.round(15 * share)))], curves: [] };
}

/** With the protocol's parameters; the salt is as long as what the program gives the library, which is 32 bytes. */
async function argon2Program(rounds: number): Promise<Row[]> {
  const label = "argon2: the program, start included";
  const program = await pathOf("argon2");
  const side = await stretching();
  const cost = ["-t", ARGON2_PASSES, "-k", ARGON2_MEMORY_KIB, "-p", ARGON2_LANES, "-l", STRETCHED_SIZE].map(String);
  return await contest({
    asked: [{ name: "Argon2id beside the native program", unit: "ms" }],
    rounds,
    ours: {
      label: "Sesame: one stretch",
      run: async () => {
        const began = performance.now();
        await side.run();
        return [performance.now() - began];
      },
    },
    peers: [
      program === undefined ? { label, missing: "`argon2` is not installed (Debian: argon2)." } : {
        label,
        run: async () => {
          const began = performance.now();
          await using argon2 = new Child([program, "0123456789abcdef0123456789abcdef", "-id", ...cost, "-r"]);
          await argon2.write(new TextDecoder().decode(PHRASE));
          await argon2.endInput();
          if (await argon2.ended !== 0) throw new Error(argon2.said);
          return [performance.now() - began];
        },
        because: "native SIMD code with a thread for each lane, where Wasm has one thread",
      },
    ],
  });
}
