// A Tor network on this machine alone: three authorities, three more relays, a client and an onion service, each a real
// `tor` on loopback, configured as Tor's own test tool (chutney) does. It never speaks to the public network. Scope:
// making, waiting, ending. Out of scope: what goes through it (tests/onion/onion.ts).

import { Child } from "../harness/child.ts";
import { ran } from "../harness/command.ts";
import { portOfNobody } from "../harness/tcp.ts";

const AUTHORITIES = 3;
const RELAYS = 3;
/** Four or more seconds a consensus, two of them, and descriptors: half a minute as a rule, more on a busy machine. */
const READY_MS = 240_000;

/** In all configurations. TestingTorNetwork shortens the waits, and lets relays stand on private addresses. */
const COMMON = `
TestingTorNetwork 1
PathsNeededToBuildCircuits 0.67
TestingDirAuthVoteExit *
TestingDirAuthVoteHSDir *
TestingDirAuthVoteGuard *
V3AuthNIntervalsValid 2
ShutdownWaitLength 0
Log notice stdout
`;
const AUTHORITY = `
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
ContactInfo nobody@test.invalid
TestingV3AuthInitialVotingInterval 5
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVotingInterval 20
V3AuthVoteDelay 4
V3AuthDistDelay 4
`;

export class TorNetwork implements AsyncDisposable {
  readonly #dir: string;
  readonly #nodes: TorNode[] = [];
  /** The SOCKS port of the client. */
  socksPort = 0;
  /** NAME.onion. */
  onion = "";
  /** Control ports with a cookie: of the client, and of the Tor that has the service. */
  clientControl = 0;
  serviceControl = 0;
  /** A port of a relay, which is not a control port. */
  relayPort = 0;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** With an onion service whose port 7373 leads to this port of this machine. Resolves when the client reaches the network. */
  static async start(servicePort: number): Promise<TorNetwork> {
    const network = new TorNetwork(await Deno.makeTempDir({ prefix: "sesame-tor-" }));
    try {
      await network.#start(servicePort);
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The last words of each node, for a failure's message. */
  log(): string {
    return this.#nodes.map(({ name, said }) => `--- ${name}\n${said.trimEnd().split("\n").slice(-12).join("\n")}`).join(
      "\n",
    );
  }

  async #start(servicePort: number): Promise<void> {
    const relays = Array.from({ length: AUTHORITIES + RELAYS }, (_, i) => ({
      name: i < AUTHORITIES ? `auth${i}` : `relay${i}`,
      or: portOfNobody(),
      dir: portOfNobody(),
    }));
    this.relayPort = relays.at(-1)!.or;
    const lines: string[] = [];
    for (const { name, or, dir } of relays.slice(0, AUTHORITIES)) {
      const { v3ident, fingerprint } = await this.#identity(name, or, dir);
      lines.push(`DirAuthority ${name} orport=${or} no-v2 v3ident=${v3ident} 127.0.0.1:${dir} ${fingerprint}`);
    }
    const authorities = lines.join("\n");
    for (const [i, { name, or, dir }] of relays.entries()) {
      const own = i < AUTHORITIES ? AUTHORITY + `DirPort 127.0.0.1:${dir}\n` : "";
      const relay =
        `Nickname ${name}\nAddress 127.0.0.1\nORPort 127.0.0.1:${or}\nSocksPort 0\nExitRelay 1\nExitPolicy accept 127.0.0.0/8:*\n`;
      this.#node(name, `${relay}${own}\n${authorities}\n`);
    }
    this.socksPort = portOfNobody();
    [this.clientControl, this.serviceControl] = [portOfNobody(), portOfNobody()];
    const control = (port: number) => `ControlPort 127.0.0.1:${port}\nCookieAuthentication 1\n`;
    const client = this.#node(
      "client",
      `SocksPort 127.0.0.1:${this.socksPort}\n${control(this.clientControl)}${authorities}\n`,
    );
    const serviceDir = `${this.#dir}/service-onion`;
    await Deno.mkdir(serviceDir, { mode: 0o700 });
    const service = this.#node(
      "service",
      `SocksPort 0\n${control(this.serviceControl)}HiddenServiceDir ${serviceDir}\n` +
        `HiddenServicePort 7373 127.0.0.1:${servicePort}\n${authorities}\n`,
    );
    await Promise.all([client, service].map((node) => node.bootstrapped()));
    this.onion = (await Deno.readTextFile(`${serviceDir}/hostname`)).trim();
  }

  /** How many lines with these words the Tor that calls has logged. */
  clientSaid(words: string): number {
    return this.#nodes.findLast(({ name }) => name === "client")!.said.split(words).length - 1;
  }

  /** Ends the Tor that has the service, or the one that calls, and starts it again. */
  async restart(name: "service" | "client"): Promise<void> {
    await this.#nodes.findLast((node) => node.name === name)![Symbol.asyncDispose]();
    const node = new TorNode(name, `${this.#dir}/${name}.torrc`);
    this.#nodes.push(node);
    await node.bootstrapped();
  }

  /** The keys of an authority, made before anybody starts, since all have to know them. */
  async #identity(name: string, or: number, dir: number): Promise<{ v3ident: string; fingerprint: string }> {
    const keys = `${this.#dir}/${name}/keys`;
    await Deno.mkdir(keys, { recursive: true, mode: 0o700 });
    await Deno.chmod(`${this.#dir}/${name}`, 0o700);
    const file = (what: string) => `${keys}/authority_${what}`;
    await output("tor-gencert", [
      "--create-identity-key",
      "--passphrase-fd",
      "0",
      ...["-i", file("identity_key"), "-s", file("signing_key"), "-c", file("certificate")],
      ...["-m", "12", "-a", `127.0.0.1:${dir}`],
    ], "test\n");
    const v3ident = /^fingerprint (\w+)$/m.exec(await Deno.readTextFile(file("certificate")))?.[1];
    const listed = await output("tor", [
      ...["--ignore-missing-torrc", "-f", "none", "--defaults-torrc", "none"],
      ...["--list-fingerprint", "--ORPort", String(or), "--Nickname", name, "--DataDirectory", `${this.#dir}/${name}`],
      "--quiet",
    ]);
    const fingerprint = new RegExp(`^${name} ([0-9A-F ]+)$`, "m").exec(listed)?.[1]?.replaceAll(" ", "");
    if (v3ident === undefined || fingerprint === undefined) throw new Error(`tor made no identity: ${listed}`);
    return { v3ident, fingerprint };
  }

  #node(name: string, torrc: string): TorNode {
    const file = `${this.#dir}/${name}.torrc`;
    Deno.writeTextFileSync(file, `${COMMON}DataDirectory ${this.#dir}/${name}\n${torrc}`);
    const node = new TorNode(name, file);
    this.#nodes.push(node);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node[Symbol.asyncDispose]()));
    await Deno.remove(this.#dir, { recursive: true });
  }
}

/** A Tor without a network, for its control port alone. */
export class LoneTor implements AsyncDisposable {
  readonly control = portOfNobody();
  readonly cookie: string;
  readonly #dir: string;
  #node: TorNode | undefined;

  private constructor(dir: string) {
    this.#dir = dir;
    this.cookie = `${dir}/data/control_auth_cookie`;
  }

  /** `ways`: lines of its configuration that say who is let in. */
  static async start(ways: readonly string[]): Promise<LoneTor> {
    const tor = new LoneTor(await Deno.makeTempDir({ prefix: "sesame-tor-" }));
    await Deno.writeTextFile(
      `${tor.#dir}/torrc`,
      [
        "Log notice stdout",
        "DisableNetwork 1",
        "SocksPort 0",
        `DataDirectory ${tor.#dir}/data`,
        `ControlPort 127.0.0.1:${tor.control}`,
        ...ways,
        "",
      ].join("\n"),
    );
    tor.#node = new TorNode("lone", `${tor.#dir}/torrc`);
    try {
      await tor.#node.until(/Opened Control listener/, 0, 60_000);
    } catch (error) {
      await tor[Symbol.asyncDispose]();
      throw error;
    }
    return tor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#node?.[Symbol.asyncDispose]();
    await Deno.remove(this.#dir, { recursive: true });
  }
}

/** What HashedControlPassword is for this password. */
export async function hashedPassword(password: string): Promise<string> {
  return (await output("tor", ["--quiet", "--hash-password", password])).trim().split("\n").at(-1)!;
}

class TorNode extends Child {
  constructor(readonly name: string, torrc: string) {
    super(["tor", "-f", torrc, "--defaults-torrc", "none"]);
  }

  async bootstrapped(): Promise<void> {
    await this.until(/Bootstrapped 100%/, 0, READY_MS);
  }
}

async function output(program: string, args: readonly string[], input = ""): Promise<string> {
  const { code, stdout, said } = await ran([program, ...args], { input });
  if (code !== 0) throw new Error(`${program}: ${said}`);
  return stdout;
}
