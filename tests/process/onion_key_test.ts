// `connect --onion-auth`: the key of a friend's onion name on its way from a descriptor, or a prompt, to the Tor that
// calls go through. The test plays that Tor; `deno task check onion` uses a real one.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { FakeTor, NAMES, tor } from "../../src/transport/onion/control_test_tor.ts";
import { threeParts } from "../harness/process_errors.ts";
import { PHRASE, scripted } from "../harness/process_pair.ts";
import type { Sesame } from "../harness/process.ts";
import { hasProgram } from "../harness/product.ts";
import { TcpServer } from "../harness/tcp.ts";
import { Tmux } from "../harness/tmux.ts";

const NAME = `${NAMES[0]}.onion`;
const KEY = "AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPQ";
const ADD = `ONION_CLIENT_AUTH_ADD ${NAMES[0]} x25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=`;
const REMOVE = `ONION_CLIENT_AUTH_REMOVE ${NAMES[0]}`;

/** A Tor's two ports, and in which order they heard what. */
class PlayedTor implements AsyncDisposable {
  readonly order: string[] = [];
  refuses = false;
  /** Called while the caller waits for the SOCKS port. */
  onCall = () => {};

  private constructor(readonly control: FakeTor, readonly socks: TcpServer) {}

  static async start(): Promise<PlayedTor> {
    const socks = await TcpServer.of((socket) => {
      socket.once("data", () => {
        socket.write(Uint8Array.of(5, 0));
        socket.once("data", (asked: Uint8Array) => {
          played.order.push(new TextDecoder().decode(asked.subarray(5, 5 + asked[4]!)));
          played.onCall();
          socket.end(Uint8Array.of(5, 1, 0));
        });
      });
    });
    const control = await FakeTor.start(tor("NULL", (line) => {
      if (line.startsWith("ONION_CLIENT_AUTH")) {
        played.order.push(line);
        if (played.refuses) return "512 no\r\n";
      }
      return line.endsWith("/socks") ? `250-net/listeners/socks="${socks.address}"\r\n250 OK\r\n` : undefined;
    }));
    const played = new PlayedTor(control, socks);
    return played;
  }

  /** What is typed to call through it. */
  get ways(): string[] {
    return [
      ...["--proxy", `socks5h://${this.socks.address}`],
      `--onion-auth=127.0.0.1:${this.control.address.port}`,
      "--once",
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socks[Symbol.asyncDispose]();
    await this.control[Symbol.asyncDispose]();
  }
}

function call(args: readonly string[], key: string): Promise<Sesame> {
  return scripted(["connect", NAME, ...args, "--onion-auth-fd", "3"], { shell: `exec "$@" 3<<EOF\n${key}\nEOF\n` });
}

Deno.test("the key comes from a descriptor, is Tor's before the call and no longer after it, and stands in no argument", async () => {
  await using played = await PlayedTor.start();
  await using caller = await call(played.ways, KEY.toLowerCase());
  let line = "";
  if (Deno.build.os === "linux") {
    played.onCall = () => line = Deno.readTextFileSync(`/proc/${caller.pid}/cmdline`).toUpperCase();
  }
  equal((await caller.ended()).code, 3);
  equal(caller.all("refused")[0]?.reason, "proxy-refused", caller.transcript());
  if (Deno.build.os === "linux") ok(line.includes("--ONION-AUTH-FD") && !line.includes(KEY.slice(0, 10)), line);
  // Tried once before the chat, so that nobody is called who cannot be.
  deepEqual(played.order, [ADD, REMOVE, ADD, NAME, REMOVE]);
  match(caller.stderr, /for an onion name its key \(--onion-auth\)/);
  ok(!caller.transcript().toUpperCase().includes(KEY.slice(0, 10)));
});

Deno.test("what is no key, or stands in no descriptor, is refused before any call, and said in three parts", async () => {
  await using played = await PlayedTor.start();
  const cases: readonly (readonly [key: string, fd: string, words: RegExp])[] = [
    [KEY.slice(1), "3", /It is not a key: a key has 52 letters/],
    [`${KEY}${"A".repeat(300)}`, "3", /It is not a key: a key has 52 letters/],
    [KEY, "999", /Nothing can be read from that descriptor/],
  ];
  for (const [key, fd, words] of cases) {
    await using caller = await scripted(["connect", NAME, ...played.ways, "--onion-auth-fd", fd], {
      shell: `exec "$@" 3<<EOF\n${key}\nEOF\n`,
    });
    equal((await caller.ended()).code, 2, caller.transcript());
    threeParts(caller.stderr, words);
    ok(!caller.stderr.includes(key.slice(0, 10)));
  }
  await using asked = await scripted(["connect", NAME, ...played.ways]);
  equal((await asked.ended()).code, 2);
  threeParts(asked.stderr, /Standard input is not a terminal/);
  deepEqual(played.order, []);
});

Deno.test("a password that stands in no descriptor is told before the phrase is asked for, and no Tor is asked", async () => {
  await using played = await PlayedTor.start();
  const control = `127.0.0.1:${played.control.address.port}`;
  for (const args of [["listen", `--onion=${control}`], ["connect", NAME, ...played.ways, "--onion-auth-fd", "3"]]) {
    await using one = await scripted([...args, "--onion-password-fd", "999"], {
      shell: `exec "$@" 3<<EOF\n${KEY}\nEOF\n`,
    });
    equal((await one.ended()).code, 2, one.transcript());
    match(one.stderr, /Could not take Tor's password\./);
    threeParts(one.stderr, /Nothing can be read from that descriptor/);
  }
  deepEqual(played.order, []);
});

Deno.test("a Tor that has another SOCKS port, refuses the key or is not there ends the call before it begins", async () => {
  await using played = await PlayedTor.start();
  await using other = await PlayedTor.start();
  const proxy = ["--proxy", `socks5h://${played.socks.address}`];
  const wrong = `127.0.0.1:${other.control.address.port}`;
  const cases: readonly (readonly [control: string, words: RegExp])[] = [
    [wrong, /is not the one that calls go through/],
    [played.socks.address, /is not Tor's control port|says nothing|hung up/],
    ["127.0.0.1:1", /Nothing answers on 127\.0\.0\.1:1/],
  ];
  for (const [control, words] of cases) {
    await using caller = await call([...proxy, `--onion-auth=${control}`], KEY);
    equal((await caller.ended(20_000)).code, 3, caller.transcript());
    match(caller.stderr, /Could not give Tor the key of the onion name\./);
    threeParts(caller.stderr, words);
  }
  played.refuses = true;
  await using refused = await call(played.ways, KEY);
  equal((await refused.ended()).code, 3);
  threeParts(refused.stderr, /Tor did not take it/);
  deepEqual([played.order, other.order].flat().filter((line) => line === NAME), []);
});

Deno.test({
  name: "the prompt asks for the key before the phrase, shows nothing of it, and asks again for what is none",
  ignore: !hasProgram("tmux"),
  async fn() {
    await using played = await PlayedTor.start();
    await using terminal = await Tmux.product(["connect", NAME, ...played.ways]);
    const before = await terminal.until(/Key of the onion name/);
    await terminal.text("nokey");
    equal(await terminal.capture(), before);
    await terminal.keys("Enter");
    await terminal.until(/It is not a key[\s\S]*Key of the onion name/);
    deepEqual(played.order, []);
    await terminal.line(KEY);
    await terminal.until(/Phrase/);
    await terminal.line(PHRASE);
    const after = await terminal.until(/ended \d+/, true);
    match(after, /ended 3/);
    ok(!after.includes("nokey") && !after.includes(KEY.slice(0, 10)), after);
    deepEqual(played.order, [ADD, REMOVE, ADD, NAME, REMOVE]);
  },
});

Deno.test({
  name: "F12 at the prompt for the key ends the program",
  ignore: !hasProgram("tmux"),
  async fn() {
    await using terminal = await Tmux.product(["connect", NAME, "--onion-auth"]);
    await terminal.until(/Key of the onion name/);
    await terminal.text(KEY.slice(0, 20));
    await terminal.keys("F12");
    const after = await terminal.until(/ended \d+\n-?echo$/m, true);
    match(after, /ended 0/);
    ok(!after.includes(KEY.slice(0, 10)), after);
  },
});
