// Two network namespaces with a cable between them, a firewall at each end, and programs that run in them: the world of
// `deno task check doctor`. Scope: making it, starting things in it, taking all of it away again. Out of scope: cases.

import { ended, type Ran, ran } from "../harness/command.ts";
import { PORT } from "./services.ts";
import { PRODUCT } from "../harness/product.ts";

export type Side = "here" | "there";
const ROOT = new URL("../..", import.meta.url).pathname;

/** Why there can be no such world on this machine; undefined: there can. */
export async function missing(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "root on Linux";
  for (const [tool, ...args] of [["ip", "-V"], ["nft", "-v"], ["openssl", "version"], ["bash", "--version"]] as const) {
    if (!await succeeds(tool, args)) return tool;
  }
  // It has no option that only says that it is there.
  if (!await succeeds("bash", ["-c", "command -v microsocks"])) return "microsocks";
  const probe = `doctor-probe-${Deno.pid}`;
  const made = await succeeds("ip", ["netns", "add", probe]) && await succeeds("ip", ["netns", "del", probe]);
  return made ? undefined : "network namespaces";
}

/** Owns the namespaces and whatever runs in them. */
export class World implements AsyncDisposable {
  readonly #children: Deno.ChildProcess[] = [];

  /** `firewall`: nft's text, a table of its own for each side. `routes`: lines for `ip -batch`, of `here`. */
  static async make(firewall: Readonly<Record<Side, string>>, routes: string): Promise<World> {
    const world = new World();
    try {
      await world.#make(firewall, routes);
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #make(firewall: Readonly<Record<Side, string>>, routes: string): Promise<void> {
    const [here, there] = [name("here"), name("there")];
    await must("ip", ["netns", "add", here]);
    await must("ip", ["netns", "add", there]);
    await must("ip", ["-n", here, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", there]);
    await must("ip", ["-n", here, "-batch", "-"], [UP, `addr add ${HERE}/24 dev cable`, routes].join("\n"));
    await must("ip", ["-n", here, "addr", "add", "fd73::1/64", "dev", "cable", "nodad"]);
    await must("ip", ["-n", there, "-batch", "-"], [UP, ...THERE.map((a) => `addr add ${a}/24 dev cable`)].join("\n"));
    for (const address of THERE_6) {
      await must("ip", ["-n", there, "addr", "add", `${address}/64`, "dev", "cable", "nodad"]);
    }
    // Whom `here` calls from other addresses finds the way back.
    await must("ip", ["-n", there, "route", "add", "10.74.0.0/24", "dev", "cable"]);
    for (const side of ["here", "there"] as const) {
      await must("ip", ["netns", "exec", name(side), "nft", "-f", "-"], firewall[side]);
    }
    await Deno.mkdir(`/etc/netns/${here}`, { recursive: true });
    await Deno.writeTextFile(`/etc/netns/${here}/resolv.conf`, "nameserver 127.0.0.1\n");
  }

  /** A Sesame, a shell, whatever: not waited for. */
  start(side: Side, command: readonly string[]): Deno.ChildProcess {
    const child = new Deno.Command("ip", {
      args: ["netns", "exec", name(side), ...command],
      env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#children.push(child);
    return child;
  }

  /** Runs until it prints `ready`; its output is read on. */
  async service(side: Side, command: readonly string[], ready: string, input = ""): Promise<void> {
    const child = this.start(side, command);
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    void child.stderr.pipeTo(new WritableStream()).catch(() => {});
    let said = "";
    const heard = Promise.withResolvers<void>();
    void child.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write(text) {
          said = (said + text).slice(-65536);
          if (said.includes(ready)) heard.resolve();
        },
      }),
    ).catch(() => {}).finally(() => heard.reject(new Error(`${command.at(-1)} ended before it was ready: ${said}`)));
    await heard.promise;
  }

  /** A SOCKS5 proxy at the other end, once it takes connections; it says nothing by itself. */
  async proxy(port: number, options: readonly string[]): Promise<void> {
    this.start("there", ["microsocks", "-i", "10.73.0.2", "-p", String(port), ...options]);
    await this.run("there", [
      "bash",
      "-c",
      `until (exec 3<>/dev/tcp/10.73.0.2/${port}) 2> /dev/null; do sleep 0.05; done`,
    ]);
  }

  /** Runs it to its end. */
  run(side: Side, command: readonly string[], input = ""): Promise<Ran> {
    return ended(this.start(side, command), input);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
    }
    await Promise.all(this.#children.map((child) => child.status));
    for (const side of ["here", "there"] as const) {
      await succeeds("ip", ["netns", "del", name(side)]);
      await Deno.remove(`/etc/netns/${name(side)}`, { recursive: true }).catch(() => {});
    }
  }
}

/** The product's command line. */
export function sesame(...args: readonly string[]): string[] {
  return [Deno.execPath(), ...PRODUCT, ...args];
}

/** A script of this project. */
export function script(file: string, ...args: readonly string[]): string[] {
  return [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", `${ROOT}tests/doctor/${file}`, ...args];
}

export const HERE = "10.73.0.1";
/** The other end's addresses: the last number is the case's, so that the firewall can tell cases apart. */
export const THERE: readonly string[] = Array.from({ length: 40 }, (_, i) => `10.73.0.${i + 2}`);
export const THERE_6: readonly string[] = ["fd73::2", "fd73::3", "fd73::4"];
export { PORT };

const UP = "link set lo up\nlink set cable up";

function name(side: Side): string {
  return `doctor-${side}-${Deno.pid}`;
}

async function succeeds(tool: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(tool, { args: [...args], stdout: "null", stderr: "null" }).output();
    return success;
  } catch {
    return false;
  }
}

async function must(tool: string, args: readonly string[], input = ""): Promise<void> {
  const { code, stderr } = await ran([tool, ...args], { input: `${input}\n` });
  if (code !== 0) throw new Error(`${tool} ${args.join(" ")}: ${stderr}`);
}
