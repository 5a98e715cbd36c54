// Two network namespaces with a wire between them, a firewall at each end, and programs that run in them: the world of
// `deno task check doctor`. Scope: making it, starting things in it, taking all of it away again. Out of scope: cases.

import { Child } from "../harness/child.ts";
import { type Ran, ran } from "../harness/command.ts";
import { type Place, Wire } from "../harness/netns.ts";
import { PRODUCT, productEnvironment } from "../harness/product.ts";

export type Side = "here" | "there";

/** Owns the namespaces and whatever runs in them. */
export class World implements AsyncDisposable {
  readonly #children: Child[] = [];
  readonly #wire = new Wire(["10.73.0.1/24", "fd73::1/64"], [...THERE, ...THERE_6]);
  readonly sides: Readonly<Record<Side, Place>> = { here: this.#wire.near, there: this.#wire.far };

  /** `firewall`: nft's text, a table of its own for each side. `routes`: what is told to `ip`, of `here`. */
  static async make(firewall: Readonly<Record<Side, string>>, routes: readonly string[]): Promise<World> {
    const world = new World();
    try {
      const { here, there } = world.sides;
      for (const line of routes) here.run("ip", line.split(" "));
      // Whom `here` calls from other addresses finds the way back.
      there.run("ip", ["route", "add", "10.74.0.0/24", "dev", "wire"]);
      here.run("nft", [firewall.here]);
      there.run("nft", [firewall.there]);
      here.etc("resolv.conf", "nameserver 127.0.0.1\n");
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs until it prints `ready`; then it goes on. */
  async service(side: Side, command: readonly string[], ready: RegExp, input = ""): Promise<void> {
    const child = this.#start(side, command);
    await child.write(input);
    await child.until(ready, 0, 60_000);
  }

  /** A SOCKS5 proxy at the other end, once it takes connections; it says nothing by itself. */
  proxy(port: number, options: readonly string[]): void {
    this.#start("there", ["microsocks", "-i", "10.73.0.2", "-p", String(port), ...options]);
    this.sides.there.reaches("10.73.0.2", port);
  }

  /** Runs it to its end. */
  run(side: Side, command: readonly string[], input = ""): Promise<Ran> {
    return ran(["ip", "netns", "exec", this.sides[side].name, ...command], { env: productEnvironment(), input });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => child[Symbol.asyncDispose]()));
    this.#wire[Symbol.dispose]();
  }

  #start(side: Side, [program = "", ...args]: readonly string[]): Child {
    const child = this.sides[side].start(program, args);
    this.#children.push(child);
    return child;
  }
}

/** The product's command line. */
export function sesame(...args: readonly string[]): string[] {
  return [Deno.execPath(), ...PRODUCT, ...args];
}

/** The other end's addresses: the last number is the case's, so that the firewall can tell cases apart. */
const THERE: readonly string[] = Array.from({ length: 40 }, (_, i) => `10.73.0.${i + 2}/24`);
const THERE_6: readonly string[] = ["fd73::2/64", "fd73::3/64", "fd73::4/64"];
