// Separate networks for tests: Linux namespaces, each joined by a wire, with names, rules and a capture. Scope: making
// and removing them, programs inside. Out of scope: what runs there and what it should see.

import { Child } from "./child.ts";
import { hasProgram } from "./product.ts";

/** Whether namespaces can be made here, with all these programs. Says what is missing. */
export function hasNamespaces(...programs: readonly string[]): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    console.warn("SKIPPED: needs root on Linux, for network namespaces.");
    return false;
  }
  // Every missing one is named.
  if (["ip", ...programs].map(hasProgram).includes(false)) return false;
  const name = `sesame-try-${apart()}`;
  const made = command("ip", ["netns", "add", name]);
  if (made.success) command("ip", ["netns", "del", name]);
  else console.warn(`SKIPPED: network namespaces cannot be made here: ${made.error}`);
  return made.success;
}

/** For a name: test files that run at once are one process. */
export function apart(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** Two namespaces, `near` and `far`, and one wire between them. `using` removes them and what stands in /etc/netns for them. */
export class Wire implements Disposable {
  readonly near: Place;
  readonly far: Place;

  /** Addresses with their prefix lengths, all of one end each. */
  constructor(near: readonly string[], far: readonly string[]) {
    const id = `sesame-${apart()}`;
    this.near = new Place(`${id}-n`, near);
    this.far = new Place(`${id}-f`, far);
    try {
      this.near.make();
      this.far.make();
      this.near.run("ip", ["link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", this.far.name]);
      this.near.up();
      this.far.up();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const place of [this.near, this.far]) place.remove();
  }
}

/** Places with a wire each into one switch: a network in which everybody reaches everybody. `using` removes them. */
export class Street implements Disposable {
  readonly places: readonly Place[];
  readonly #middle: Place;

  /** Addresses with their prefix lengths, all of one place each. */
  constructor(addresses: readonly (readonly string[])[]) {
    const id = `sesame-${apart()}`;
    this.#middle = new Place(`${id}-m`, []);
    this.places = addresses.map((own, i) => new Place(`${id}-${i}`, own));
    try {
      this.#middle.make();
      this.#middle.run("ip", ["link", "add", "switch", "type", "bridge"]);
      this.#middle.run("ip", ["link", "set", "switch", "up"]);
      this.places.forEach((place, i) => {
        place.make();
        const end = `end${i}`;
        place.run("ip", ["link", "add", "wire", "type", "veth", "peer", "name", end, "netns", this.#middle.name]);
        this.#middle.run("ip", ["link", "set", end, "master", "switch", "up"]);
        place.up();
      });
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const place of [...this.places, this.#middle]) place.remove();
  }
}

export class Place {
  /** What `ip netns exec` puts over /etc. */
  readonly files: string;

  constructor(readonly name: string, readonly addresses: readonly string[]) {
    this.files = `/etc/netns/${name}`;
  }

  /** The first one, bare. */
  get address(): string {
    return this.addresses[0]?.split("/")[0] ?? "";
  }

  /** For `Sesame.start`: runs it in here. */
  get shell(): string {
    return `PATH="$PATH:/usr/sbin:/sbin"; exec ip netns exec ${this.name} "$@"`;
  }

  make(): void {
    run("ip", ["netns", "add", this.name]);
    this.run("ip", ["link", "set", "lo", "up"]);
  }

  up(): void {
    // No waiting until an IPv6 address has been found to be nobody else's.
    const lines = this.addresses.map((address) =>
      `address add ${address} dev wire${address.includes(":") ? " nodad" : ""}\n`
    );
    this.run("bash", ["-c", `ip -batch - <<< '${lines.join("")}'`]);
    this.run("ip", ["link", "set", "wire", "up"]);
  }

  remove(): void {
    command("ip", ["netns", "del", this.name]);
    command("rm", ["-rf", this.files]);
  }

  /** Runs a program in here to its end; what it printed. Throws unless it is content. */
  run(program: string, args: readonly string[]): string {
    return run("ip", ["netns", "exec", this.name, program, ...args]);
  }

  /** Waits until somebody listens there. */
  reaches(address: string, port: number): void {
    this.run("bash", [
      "-c",
      `timeout 10 bash -c 'until (: > /dev/tcp/${address}/${port}) 2> /dev/null; do sleep 0.05; done'`,
    ]);
  }

  /** A file that stands over the one of this name in /etc, for what is started in here from now on. */
  etc(file: string, text: string): void {
    Deno.mkdirSync(this.files, { recursive: true });
    Deno.writeTextFileSync(`${this.files}/${file}`, text);
  }

  /** Rules of nft for what comes in here. */
  refuseIncoming(rule: string): void {
    this.run("nft", ["add table inet sesame"]);
    this.run("nft", ["add chain inet sesame in { type filter hook input priority 0; }"]);
    this.run("nft", [`add rule inet sesame in ${rule}`]);
  }

  /** A program that goes on until it is disposed of. */
  start(program: string, args: readonly string[]): Child {
    return new Child(["ip", "netns", "exec", this.name, program, ...args]);
  }
}

/** Everything that passes an end of a wire, as tcpdump's lines; but for what the kernel says by itself (ARP, ICMPv6). */
export class Capture implements AsyncDisposable {
  readonly #child: Child;
  /** What stood in its output when it was last asked. */
  #from = 0;

  private constructor(readonly place: Place) {
    // One line a packet, at once, with numbers for names.
    this.#child = place.start("tcpdump", ["-i", "wire", "-nn", "-l", "--immediate-mode", "-q", "not arp"]);
  }

  static async start(place: Place): Promise<Capture> {
    const capture = new Capture(place);
    await capture.#child.until(/listening on/);
    return capture;
  }

  /** What has passed since this was last asked: a packet of our own marks the end, and nothing overtakes it. */
  async soFar(to: string): Promise<string[]> {
    this.place.run("bash", ["-c", `echo end > /dev/udp/${to}/9`]);
    const { index, 0: { length } } = await this.#child.until(
      new RegExp(`[^\\n]*> ${to}\\.9: UDP[^\\n]*\\n`),
      this.#from,
    );
    const passed = this.#child.said.slice(this.#from, this.#from + index);
    this.#from += index + length;
    return passed.split("\n").filter((line) => /^\d\d:/.test(line) && !/ IP6 .*ICMP6/.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

function run(program: string, args: readonly string[]): string {
  const { success, output, error } = command(program, args);
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${error}`);
  return output;
}

function command(program: string, args: readonly string[]): { success: boolean; output: string; error: string } {
  const { success, stdout, stderr } = new Deno.Command(program, { args: [...args], stdout: "piped", stderr: "piped" })
    .outputSync();
  const [output, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  return { success, output: output!, error: error! };
}
