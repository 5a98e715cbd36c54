// Whether strangers keep a newcomer out (docs/SECURITY.md, G15): a real listener, real attackers at 10, 100 or 1000
// addresses, each in a separate network, and newcomers who know the phrase and call, each from another
// network.
//
//   deno run --allow-all tests/adversary/lockout.ts [--networks 10,100] [--kinds silent,guessing,both] [--v6]
//       [--newcomers 5] [--begun] [--product DIR]
//
// Needs root on Linux, for network namespaces (named sesame-*). `--product` measures another copy of the program.
// Newcomers call 2 s after the attack began (--begun), else from 45 s after, one after another.

import { PRODUCT } from "../harness/product.ts";
import { scripted } from "../harness/process_pair.ts";
import { pause } from "../harness/child.ts";
import { Wire } from "../harness/netns.ts";

const WITHIN_MS = 30_000;
const ON_MS = 45_000;

function addressOf(v6: boolean, n: number): string {
  return v6 ? `fd00:${(n + 1).toString(16)}:1::2` : `10.${n >> 8}.${n & 255}.2`;
}

interface Options {
  readonly v6: boolean;
  readonly networks: number;
  readonly kind: string;
  readonly newcomers: number;
  readonly begun: boolean;
  readonly product: readonly string[];
}

/** How long each newcomer took, in ms; Infinity: not within WITHIN_MS. And what the attackers did. */
async function attacked(options: Options): Promise<{ times: number[]; attackers: string }> {
  const { v6, networks, kind, newcomers, begun, product } = options;
  const attackers = Array.from({ length: networks }, (_, n) => addressOf(v6, n));
  const others = Array.from({ length: newcomers }, (_, n) => addressOf(v6, 40_000 + n));
  // All on one link, whatever network they count as.
  const [host, bits] = v6 ? ["fd00:ffff::1", 16] : ["10.255.0.1", 8];
  using wire = new Wire([`${host}/${bits}`], [...attackers, ...others].map((address) => `${address}/${bits}`));
  const { near, far } = wire;
  const at = v6 ? `[${host}]:7373` : `${host}:7373`;
  await using victim = await scripted(["listen", at], { shell: near.shell, command: product });
  const address = String((await victim.event("listening", 60_000)).address);
  const script = new URL("lockout_attackers.ts", import.meta.url).pathname;
  await using attack = far.start(
    Deno.execPath(),
    ["run", "--quiet", "--no-check", "--allow-all", script, host, "7373", kind, ...attackers],
  );
  await attack.until(/"opened":[1-9]/);
  await pause(begun ? 1_000 : ON_MS);
  const times: number[] = [];
  for (const from of others) {
    // Calls from the far side leave from this address from now on.
    far.run("ip", ["route", "replace", `${host}/${v6 ? 128 : 32}`, "dev", "wire", "src", from]);
    const began = performance.now();
    await using newcomer = await scripted(["connect", address], { shell: far.shell, command: product });
    const in_ = await newcomer.event("connected", WITHIN_MS).then(() => true, () => false);
    times.push(in_ ? performance.now() - began : Infinity);
  }
  return { times, attackers: attack.said.trim().split("\n").at(-1) ?? "" };
}

if (import.meta.main) {
  const option = (name: string, otherwise: string) => {
    const at = Deno.args.indexOf(`--${name}`);
    return at < 0 ? otherwise : Deno.args[at + 1] ?? otherwise;
  };
  const v6 = Deno.args.includes("--v6");
  const begun = Deno.args.includes("--begun");
  const folder = option("product", "");
  // Those arguments of PRODUCT that name a file of this copy name the same one of the other.
  const here = new URL("../../", import.meta.url).pathname;
  const product = folder === ""
    ? PRODUCT
    : PRODUCT.map((part) => part.replaceAll(here, `${folder.replace(/\/$/, "")}/`));
  console.log("| networks | attack | newcomers reached within 30 s | median of those |\n|---|---|---|---|");
  for (const networks of option("networks", "10,100").split(",").map(Number)) {
    for (const kind of option("kinds", "silent,guessing,both").split(",")) {
      const newcomers = Number(option("newcomers", "5"));
      const { times, attackers } = await attacked({ v6, networks, kind, newcomers, begun, product });
      const reached = times.filter(Number.isFinite).toSorted((a, b) => a - b);
      const median = reached[reached.length >> 1];
      console.log(
        `| ${networks}${v6 ? " /48s" : " /24s"} | ${kind}${
          begun ? ", begun" : ""
        } | ${reached.length} of ${newcomers} | ` +
          `${median === undefined ? "–" : `${(median / 1000).toFixed(1)} s`} | ${attackers}`,
      );
    }
  }
}
