// magic-wormhole on loopback: its mailbox server in a folder that goes away, and its client with that server and no other.

import { Child } from "../../tests/harness/child.ts";
import { portOfNobody } from "../../tests/harness/tcp.ts";
import { TemporaryFolder } from "../../scripts/release/files.ts";
import { pathOf } from "./program.ts";

export class Wormhole implements AsyncDisposable {
  private constructor(
    readonly version: string,
    readonly client: string,
    readonly env: Record<string, string>,
    private readonly mailbox: Child,
    private readonly folder: TemporaryFolder,
    private readonly relay: string,
  ) {}

  /** A sentence where it cannot be had. */
  static async make(): Promise<Wormhole | string> {
    const client = await pathOf("wormhole");
    if (client === undefined) return "`wormhole` is not installed (Debian: magic-wormhole).";
    const folder = new TemporaryFolder("bench");
    const env = { HOME: folder.path, PATH: "/usr/bin:/bin", LANG: "C.UTF-8" };
    // The server is a plugin of the same Python that the client's first line names.
    const python = /^#!(\S+)/.exec(await Deno.readTextFile(client))?.[1] ?? "python3";
    const port = portOfNobody();
    const serving = ["wormhole-mailbox", "--port", `tcp:${port}:interface=127.0.0.1`];
    const mailbox = new Child([python, "-m", "twisted", ...serving], { cwd: folder.path, env });
    try {
      await mailbox.until(/Starting reactor/);
      const { stdout } = await new Deno.Command(client, { args: ["--version"], env }).output();
      const version = new TextDecoder().decode(stdout).trim();
      return new Wormhole(version, client, env, mailbox, folder, `ws://127.0.0.1:${port}/v1`);
    } catch {
      await mailbox[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
      return "its mailbox server does not start (Debian: python3-magic-wormhole-mailbox-server).";
    }
  }

  argv(...args: readonly string[]): string[] {
    return [this.client, "--relay-url", this.relay, ...args];
  }

  start(...args: readonly string[]): Child {
    return new Child(this.argv(...args), { env: this.env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mailbox[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}
