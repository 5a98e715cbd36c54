// tcpdump, and what it takes to be allowed to run it. Its files hold nothing but encrypted traffic of throw-away
// sessions; they go into a temporary folder that is removed.

import { Child, pause } from "../harness/child.ts";
import { type Capture, parsePcap } from "./pcap.ts";

/** Outside of the ports that Linux gives to callers (32768 and up), so that no connection of others is caught. */
export const PORTS = { first: 20_000, last: 20_999 } as const;

/** Why nothing can be captured here; undefined if it can. */
export async function captureProblem(): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command("tcpdump", {
      args: ["-i", LOOPBACK, "-c", "1", "-w", "/dev/null", "--immediate-mode", "-Q", "in", "udp port 9"],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: AbortSignal.timeout(1_500),
    }).output();
    const said = new TextDecoder().decode(stderr);
    return success || /listening on/.test(said) ? undefined : `tcpdump says: ${said.trim().split("\n").at(-1)}`;
  } catch {
    return "tcpdump is not installed (Debian: apt-get install tcpdump)";
  }
}

const LOOPBACK = Deno.build.os === "darwin" ? "lo0" : "lo";

/** One tcpdump over the loopback. Nothing of it is left once `stop` has returned. */
export class Tcpdump implements AsyncDisposable {
  readonly #child: Child;
  readonly #folder: string;

  private constructor(child: Child, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  /** Resolves once it listens. */
  static async start(first: number = PORTS.first, last: number = PORTS.last): Promise<Tcpdump> {
    const folder = await Deno.makeTempDir({ prefix: "sesame-wire-" });
    const child = new Child([
      // A slot of the buffer is as large as a packet may be: room for a thousand, when many friends are called at once.
      ...["tcpdump", "-i", LOOPBACK, "-n", "-U", "--immediate-mode", "-B", "65536", "--time-stamp-precision=nano"],
      ...["-w", `${folder}/all.pcap`, "-Z", "root", `tcp portrange ${first}-${last}`],
    ]);
    await child.until(/listening on/);
    return new Tcpdump(child, folder);
  }

  /** The raw file, for tools that read it themselves. */
  get path(): string {
    return `${this.#folder}/all.pcap`;
  }

  /** Ends tcpdump; its file stays until this is disposed. */
  async end(): Promise<void> {
    if (this.#child.over !== undefined) return;
    await pause(300); // what the kernel still holds
    this.#child.signal("SIGINT");
    await this.#child.exit;
  }

  async read(): Promise<Capture> {
    await this.end();
    return parsePcap(await Deno.readFile(this.path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
