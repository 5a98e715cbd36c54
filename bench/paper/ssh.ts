// OpenSSH on loopback: a private sshd with throw-away keys in a folder that goes away, and clients of it. Nothing of the
// machine's own ssh is read, and nobody but the user who runs this can log in.

import { Child } from "../../tests/harness/child.ts";
import { portOfNobody } from "../../tests/harness/tcp.ts";
import { TemporaryFolder } from "../../scripts/release/files.ts";
import { pathOf } from "./program.ts";

export class Ssh implements AsyncDisposable {
  private constructor(
    readonly version: string,
    readonly port: number,
    private readonly sshd: string,
    private readonly folder: TemporaryFolder,
    private readonly user: string,
  ) {}

  /** A sentence where it cannot be had. */
  static async make(): Promise<Ssh | string> {
    const [ssh, sshd, keygen] = await Promise.all(["ssh", "sshd", "ssh-keygen"].map(pathOf));
    if (ssh === undefined || sshd === undefined || keygen === undefined) {
      return "`ssh` and `sshd` are not installed (Debian: openssh-client, openssh-server).";
    }
    const folder = new TemporaryFolder("bench");
    const output = async (command: string, ...args: string[]) => {
      const { stdout, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    };
    for (const key of ["host", "user"]) {
      await output(keygen, "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", `${folder.path}/${key}`);
    }
    // As root sshd wants this folder, which its service makes at start.
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    const made = new Ssh(
      (await output(ssh, "-V")).trim().split(",")[0]!,
      portOfNobody(),
      sshd,
      folder,
      (await output("id", "-un")).trim(),
    );
    await made.#configure();
    try {
      await using _daemon = await made.daemon();
      await using client = made.client([], "echo", "through");
      await client.until(/through/);
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      return `sshd lets nobody in here: ${String(error).trim().split("\n").at(-1)}`;
    }
  }

  /** Listens when this resolves. */
  async daemon(): Promise<Child> {
    const daemon = new Child([this.sshd, "-D", "-e", "-f", `${this.folder.path}/sshd_config`]);
    await daemon.until(/Server listening/);
    return daemon;
  }

  client(options: readonly string[], ...command: readonly string[]): Child {
    const to = ["-i", `${this.folder.path}/user`, "-p", String(this.port), `${this.user}@127.0.0.1`];
    return new Child(["ssh", "-F", `${this.folder.path}/ssh_config`, ...options, ...to, ...command]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.folder[Symbol.dispose]();
    return Promise.resolve();
  }

  async #configure(): Promise<void> {
    const { path } = this.folder;
    const write = (name: string, lines: readonly string[]) =>
      Deno.writeTextFile(`${path}/${name}`, lines.join("\n") + "\n");
    await write("sshd_config", [
      "ListenAddress 127.0.0.1",
      `Port ${this.port}`,
      `HostKey ${path}/host`,
      `AuthorizedKeysFile ${path}/user.pub`,
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "UsePAM no",
      "StrictModes no",
      "PidFile none",
      // One machine calls 32 times, and hangs up as it likes.
      "MaxStartups 100",
      "PerSourcePenalties no",
    ]);
    await write("ssh_config", [
      "IdentitiesOnly yes",
      "BatchMode yes",
      "StrictHostKeyChecking yes",
      `UserKnownHostsFile ${path}/known_hosts`,
      "GlobalKnownHostsFile none",
      "LogLevel ERROR",
    ]);
    const host = (await Deno.readTextFile(`${path}/host.pub`)).split(" ").slice(0, 2).join(" ");
    await write("known_hosts", [`[127.0.0.1]:${this.port} ${host}`]);
  }
}
