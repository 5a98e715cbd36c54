// Whether strangers keep a newcomer out (docs/SECURITY.md, G15): a real listener, real attackers at 10, 100 or 1000
// addresses, each in a separate network, and newcomers who know the phrase and call with --retry, each from another
// network.
//
//   deno run --allow-all tests/adversary/lockout.ts [--networks 10,100] [--kinds silent,guessing,both] [--v6]
//       [--newcomers 5] [--begun] [--product DIR]
//
// Needs root on Linux, for network namespaces (named adm-*). `--product` measures another copy of the program.
// Newcomers call 2 s after the attack began (--begun), else from 45 s after, one after another.

import { Sesame } from "../harness/process.ts";
import { PRODUCT } from "../harness/product.ts";
import { PHRASE } from "../harness/process_pair.ts";
import { pause } from "../harness/child.ts";

const WITHIN_MS = 30_000;
const ON_MS = 45_000;

function run(...args: readonly string[]): void {
  const { success, stderr } = new Deno.Command("ip", { args: [...args], stdout: "null", stderr: "piped" }).outputSync();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Two namespaces and a wire: the listener's, and one with every other address. */
class Networks implements Disposable {
  readonly near = `adm-${Deno.pid}-n`;
  readonly far = `adm-${Deno.pid}-f`;
  readonly host: string;

  constructor(readonly v6: boolean, readonly addresses: readonly string[]) {
    this.host = v6 ? "fd00:ffff::1" : "10.255.0.1";
    for (const name of [this.near, this.far]) {
      run("netns", "add", name);
      run("-n", name, "link", "set", "lo", "up");
    }
    run("link", "add", "wire", "netns", this.near, "type", "veth", "peer", "wire", "netns", this.far);
    this.#add(this.near, [this.host]);
    this.#add(this.far, addresses);
    for (const name of [this.near, this.far]) run("-n", name, "link", "set", "wire", "up");
  }

  /** All on one link, whatever network they count as. */
  #add(name: string, addresses: readonly string[]): void {
    const batch = Deno.makeTempFileSync();
    const suffix = this.v6 ? "/16 dev wire nodad" : "/8 dev wire";
    Deno.writeTextFileSync(batch, addresses.map((address) => `address add ${address}${suffix}`).join("\n") + "\n");
    run("-n", name, "-batch", batch);
    Deno.removeSync(batch);
  }

  /** Calls from the far side leave from this address from now on. */
  leaveFrom(address: string): void {
    run("-n", this.far, "route", "replace", `${this.host}/${this.v6 ? 128 : 32}`, "dev", "wire", "src", address);
  }

  [Symbol.dispose](): void {
    for (const name of [this.near, this.far]) new Deno.Command("ip", { args: ["netns", "del", name] }).outputSync();
  }
}

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
  using place = new Networks(v6, [...attackers, ...others]);
  const inside = (name: string) => `exec ip netns exec ${name} "$@"`;
  const listen = ["listen", v6 ? `[${place.host}]:7373` : `${place.host}:7373`, "--json", "--phrase-fd", "0"];
  await using victim = await Sesame.start(listen, { phrase: PHRASE, shell: inside(place.near), command: product });
  const address = String((await victim.event("listening", 60_000)).address);
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", place.far, Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all"]
      .concat([new URL("lockout_attackers.ts", import.meta.url).pathname, place.host, "7373", kind, ...attackers]),
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let said = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) said += text;
  })();
  try {
    while (!said.includes('"opened":') || /"opened":0\b/.test(said.trim().split("\n").at(-1)!)) await pause(100);
    await pause(begun ? 1_000 : ON_MS);
    const times: number[] = [];
    for (const from of others) {
      place.leaveFrom(from);
      const began = performance.now();
      const args = ["connect", address, "--json", "--phrase-fd", "0", "--retry"];
      await using newcomer = await Sesame.start(args, { phrase: PHRASE, shell: inside(place.far), command: product });
      const in_ = await newcomer.event("connected", WITHIN_MS).then(() => true, () => false);
      times.push(in_ ? performance.now() - began : Infinity);
    }
    return { times, attackers: said.trim().split("\n").at(-1) ?? "" };
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await child.status;
    await reading;
  }
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
