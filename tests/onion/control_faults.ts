// What can be wrong with Tor's control port, in each way that people run into: the sentence and the code of `listen
// --onion`. Scope: making it so, and looking. Out of scope: a network (tor_network.ts).

import { ran } from "../harness/command.ts";
import { apart, hasNamespaces, Place } from "../harness/netns.ts";
import { scripted } from "../harness/process_pair.ts";
import { TcpServer } from "../harness/tcp.ts";
import { hashedPassword, LoneTor, type TorNetwork } from "./tor_network.ts";

const PASSWORD = "let me in";

interface Fault {
  readonly what: string;
  /** Behind `listen`. */
  readonly args: readonly string[];
  readonly shell?: string;
  /** Undefined: it goes on, and says so. */
  readonly code: number | undefined;
  readonly says: RegExp;
}

/** Throws at the first that is not as it should be. */
export async function controlFaults(network: TorNetwork): Promise<void> {
  await using hashed = await LoneTor.start([`HashedControlPassword ${await hashedPassword(PASSWORD)}`]);
  await using cookie = await LoneTor.start(["CookieAuthentication 1"]);
  await using none = await LoneTor.start([]);
  await using web = await answering("HTTP/1.1 400 Bad Request\r\n\r\n");
  await using silent = await answering("");
  await using deaf = await answering(undefined);
  // Whoever reads every file by being root may not here; the cookie is another user's.
  await Deno.chown(cookie.cookie, 65_534, 65_534);
  const unprivileged = 'exec setpriv --bounding-set=-dac_override,-dac_read_search "$@"';
  const at = (port: number) => `--onion=127.0.0.1:${port}`;
  const withPassword = (password: string) => `exec "$@" 3<<EOF\n${password}\nEOF\n`;
  const fd = ["--onion-password-fd", "3"];
  await all([
    {
      what: "Tor's SOCKS port",
      args: [at(network.socksPort)],
      code: 3,
      says: /is Tor's SOCKS port\. Type its control/,
    },
    { what: "no control port there", args: [at(1)], code: 3, says: /Nothing answers on 127\.0\.0\.1:1\./ },
    {
      what: "a relay's port",
      args: [at(network.relayPort)],
      code: 3,
      says: /is not Tor's control|says nothing|hung up/,
    },
    { what: "a web server", args: [at(web.port)], code: 3, says: /is not Tor's control port/ },
    { what: "silence", args: [at(silent.port)], code: 3, says: /takes the call but says nothing/ },
    { what: "hangs up", args: [at(deaf.port)], code: 3, says: /Tor hung up/ },
    {
      what: "a password is wanted",
      args: [at(hashed.control)],
      code: 3,
      says: /wants a password .* --onion-password-fd N/,
    },
    {
      what: "a wrong password",
      args: [at(hashed.control), ...fd],
      shell: withPassword("let me out"),
      code: 3,
      says: /wants a password there, or a different one/,
    },
    {
      what: "the right password",
      args: [at(hashed.control), ...fd],
      shell: withPassword(PASSWORD),
      code: undefined,
      says: /still connecting to its network \(0 %\)/,
    },
    {
      what: "a cookie that cannot be read",
      args: [at(cookie.control)],
      shell: unprivileged,
      code: 3,
      says: /cookie cannot be read\. Join the group .*--onion-password-fd/,
    },
    { what: "a cookie that can", args: [at(cookie.control)], code: undefined, says: /still connecting to its network/ },
    { what: "no authentication", args: [at(none.control)], code: undefined, says: /still connecting to its network/ },
    { what: "another machine's", args: ["--onion=192.0.2.1:9051"], code: 2, says: /not on this machine's loopback/ },
    { what: "no port", args: ["--onion=127.0.0.1"], code: 2, says: /is not HOST:PORT of Tor's control port/ },
  ]);
  if (hasNamespaces("python3", "setpriv")) await unseen();
}

/** Where nothing is typed: in a namespace, since this machine may have a Tor. */
async function unseen(): Promise<void> {
  const place = new Place(`sesame-tor-${apart()}`, []);
  try {
    place.make();
    const nothing = { args: ["--onion"], shell: place.shell, code: 3 };
    await all([{
      what: "no Tor at all",
      ...nothing,
      says: /Nothing answers on 127\.0\.0\.1:9051 or 9151.*ControlPort 9051/,
    }]);
    await using other = place.start("python3", [
      "-c",
      "import os, socket; os.setuid(1002); s = socket.create_server(('127.0.0.1', 9051)); print('ready', flush=True); s.accept()",
    ]);
    await other.until(/ready/);
    await all([{
      what: "another user's program",
      ...nothing,
      says: /Another user's program listens on 127\.0\.0\.1:9051/,
    }]);
  } finally {
    await ran(["ip", "netns", "del", place.name]);
  }
}

async function all(faults: readonly Fault[]): Promise<void> {
  for (const { what, args, shell, code, says } of faults) {
    await using listener = await scripted(["listen", ...args], { ...shell === undefined ? {} : { shell } });
    if (code === undefined) {
      const { text } = await listener.event((e) => e.event === "hint" && says.test(String(e.text)), 60_000);
      console.log(`| ${what} | goes on: ${text} |`);
      continue;
    }
    const ended = await listener.ended(60_000);
    if (ended.code !== code || !says.test(listener.stderr)) {
      throw new Error(`${what}: ${ended.code} ${listener.transcript()}`);
    }
    console.log(`| ${what} | ${code}: ${listener.stderr.trim()} |`);
  }
}

/** A server that says this to whoever speaks; undefined: it hangs up. */
function answering(text: string | undefined): Promise<TcpServer> {
  return TcpServer.of((socket) => {
    if (text === undefined) socket.destroy();
    else socket.on("data", () => void (text !== "" && socket.end(text)));
  });
}
