// Stages the ways in which a call fails, and compares the cause that `sesame doctor HOST` names with the actual cause;
// then does the same for a chat that goes on calling and has to say so by itself.
//
//   deno task check doctor            all
//   deno task check doctor WORD...    those whose line has one of the words
//
// It needs root on Linux, iproute2, nftables, OpenSSL, microsocks and bash; without them it counts as skipped and says
// so. Out of scope: the network (world.ts), what answers there (services.ts).

import { TemporaryFolder } from "../../scripts/release/files.ts";
import { tellCounts } from "../../scripts/suites.ts";
import type { CallCause } from "../../src/call.ts";
import { pause } from "../harness/child.ts";
import { ran } from "../harness/command.ts";
import { hasNamespaces } from "../harness/netns.ts";
import { fetchDependencies } from "../harness/product.ts";
import { PHRASE, scripted } from "../harness/process_pair.ts";
import { PORT } from "./services.ts";
import { sesame, type Side, World } from "./world.ts";

interface Case {
  readonly what: string;
  readonly cause: CallCause | "none" | "own-address";
  readonly target: string;
  /** Where the doctor runs; `here` unless told otherwise. */
  readonly side?: Side;
  /** Given to the doctor. */
  readonly phrase?: string;
  /** Port of the proxy at the other end that the call goes through. */
  readonly proxy?: number;
  /** Brings it about, just before. */
  readonly before?: (world: World) => Promise<unknown>;
}

const WRONG = "correct horse battery stable";
/** The least and the most that a doctor may take, its start included. */
const DOCTOR_S = [0, 6] as const;
/** A chat speaks after 5 s, counted from a line that is read late; it looks at the clock once a second. */
const CHAT_S = [4.5, 8] as const;
const AT_ONCE = 4;

const there = (last: number, port: number = PORT.SESAME) => `10.73.0.${last}:${port}`;

const CASES: readonly Case[] = [
  { what: "a Sesame listens", cause: "none", target: there(2) },
  { what: "a Sesame listens, and the phrase is right", cause: "none", target: there(2), phrase: PHRASE },
  { what: "the phrase is wrong", cause: "unanswered", target: there(2), phrase: WRONG },
  { what: "its name is known", cause: "none", target: "friend.test" },
  { what: "IPv6 works where the name's IPv4 leads nowhere", cause: "none", target: "six.test" },
  { what: "IPv4 works where the name's IPv6 leads nowhere", cause: "none", target: "four.test" },

  { what: "nobody has that name", cause: "name-not-found", target: "unknown.test" },
  { what: "the DNS server says nothing", cause: "no-resolver", target: "mute.test" },
  { what: "the DNS server fails", cause: "no-resolver", target: "broken.test" },
  { what: "an onion name without Tor", cause: "onion-name", target: "abcdefghij.onion" },

  { what: "through a proxy a Sesame listens", cause: "none", target: "127.0.0.1", proxy: PORT.PROXY },
  { what: "nobody is there as a proxy", cause: "proxy-unreachable", target: "friend.test", proxy: PORT.CLOSED },
  { what: "the proxy wants a login", cause: "proxy-login", target: "friend.test", proxy: PORT.PROXY_LOGIN },
  { what: "a web server in place of the proxy", cause: "proxy-protocol", target: "friend.test", proxy: PORT.HTTP },
  {
    what: "through a proxy nobody listens on that port",
    cause: "refused",
    target: `127.0.0.1:${PORT.CLOSED}`,
    proxy: PORT.PROXY,
  },

  { what: "nobody listens on that port", cause: "refused", target: there(2, PORT.CLOSED) },
  { what: "a firewall resets the call", cause: "refused", target: there(11) },
  { what: "a firewall answers port unreachable", cause: "refused", target: there(12) },
  { what: "nobody listens on that port (IPv6)", cause: "refused", target: `[fd73::2]:${PORT.CLOSED}` },
  { what: "a firewall drops the call", cause: "filtered", target: there(10) },
  { what: "a firewall drops the call (IPv6)", cause: "filtered", target: "[fd73::4]:7373" },
  { what: "this machine's own firewall drops it", cause: "filtered", target: there(18) },
  { what: "a router answers host unreachable", cause: "unreachable", target: there(13) },
  { what: "a firewall answers administratively prohibited", cause: "unreachable", target: there(14) },
  { what: "no machine has that address", cause: "unreachable", target: there(250) },
  { what: "no route leads there", cause: "unreachable", target: "203.0.113.9" },
  { what: "no route leads there (IPv6)", cause: "unreachable", target: "2001:db8::9" },
  { what: "a route of this machine forbids it", cause: "forbidden", target: "10.75.0.1" },
  { what: "a firewall forbids it (IPv6)", cause: "forbidden", target: "[fd73::3]:7373" },

  { what: "a service that echoes", cause: "not-tls", target: there(2, PORT.ECHO) },
  { what: "a web server without TLS", cause: "not-tls", target: there(2, PORT.HTTP) },
  { what: "an SSH server", cause: "not-tls", target: there(2, PORT.SSH) },
  { what: "a mail server", cause: "not-tls", target: there(2, PORT.SMTP) },
  { what: "a service that says nothing", cause: "silent", target: there(2, PORT.MUTE) },
  { what: "half open: after the first packets nothing passes", cause: "silent", target: there(15) },
  { what: "a web server with TLS 1.3", cause: "not-sesame", target: there(2, PORT.HTTPS) },
  { what: "a server with TLS 1.2 only", cause: "not-sesame", target: there(2, PORT.OLD_TLS) },
  { what: "a relay with nobody behind it", cause: "turned-away", target: there(2, PORT.HANGS_UP) },
  { what: "a Sesame that has friends enough", cause: "busy", target: there(2, PORT.FULL) },
  {
    what: "too many calls a minute from this address",
    cause: "turned-away",
    target: there(20),
    before: (world) =>
      world.run("here", bash(`for i in {1..30}; do (exec 3<>/dev/tcp/10.73.0.20/7373); sleep 0.1; done`)),
  },
  {
    // It waits in the room, unread, until the others have had their time: 5 s, of which less are left than it waits.
    what: "this address's places are all taken, for 5 s",
    cause: "none",
    target: there(21),
    before: (world) =>
      world.service(
        "here",
        bash(
          'for i in 5 6 7 8; do eval "exec $i<>/dev/tcp/10.73.0.21/7373"; sleep 0.2; done; sleep 1.5; echo held; sleep 8',
        ),
        /held/,
      ),
  },
  {
    what: "this address waits after wrong phrases",
    cause: "turned-away",
    target: there(22),
    before: async (world) => {
      // The third wrong one makes it wait a second, the fourth two, the fifth four.
      for (const pauseMs of [0, 0, 0, 1_300, 2_300]) {
        await pause(pauseMs);
        await world.run("here", sesame("doctor", there(22), "--phrase-fd", "0"), `${WRONG}\n`);
      }
    },
  },

  { what: "large packets from there get lost", cause: "large-packets-lost", target: there(16) },
  { what: "large packets to there get lost", cause: "large-packets-lost", target: there(17), phrase: PHRASE },
  { what: "our own address", cause: "own-address", target: there(2), side: "there" },
  {
    what: "our own address, but it listens on loopback only",
    cause: "other-interface",
    target: there(2, PORT.LOOPBACK),
    side: "there",
  },
];

/** What a chat that calls says by itself. */
const CHAT_CASES: readonly Pick<Case, "what" | "cause" | "target">[] = [
  { what: "in the chat: nobody listens on that port", cause: "refused", target: there(2, PORT.CLOSED) },
  { what: "in the chat: a firewall drops the call", cause: "filtered", target: there(10) },
  { what: "in the chat: a service that says nothing", cause: "silent", target: there(2, PORT.MUTE) },
  { what: "in the chat: a Sesame that has friends enough", cause: "busy", target: there(2, PORT.FULL) },
  { what: "in the chat: large packets get lost", cause: "large-packets-lost", target: there(23) },
  { what: "in the chat: the DNS server says nothing", cause: "no-resolver", target: "mute.test" },
];

/** The input and output chains of each side. `length` counts the IP header; the offer's packet has 1354 bytes. */
const FIREWALL = {
  there: `table inet cases {
    chain in {
      type filter hook input priority 0
      ip daddr 10.73.0.10 tcp dport 1-65535 drop
      ip daddr 10.73.0.11 tcp dport 1-65535 reject with tcp reset
      ip daddr 10.73.0.12 tcp dport 1-65535 reject with icmp port-unreachable
      ip daddr 10.73.0.13 tcp dport 1-65535 reject with icmp host-unreachable
      ip daddr 10.73.0.14 tcp dport 1-65535 reject with icmp admin-prohibited
      ip daddr 10.73.0.15 meta length > 100 drop
      ip daddr 10.73.0.17 meta length > 1250 drop
      ip6 daddr fd73::3 tcp dport 1-65535 reject with icmpv6 admin-prohibited
      ip6 daddr fd73::4 tcp dport 1-65535 drop
    }
    chain out {
      type filter hook output priority 0
      ip saddr { 10.73.0.16, 10.73.0.23 } meta length > 1250 drop
    }
  }`,
  here: `table inet cases {
    chain out {
      type filter hook output priority 0
      ip daddr 10.73.0.18 tcp dport 1-65535 drop
    }
  }`,
};

/** Whoever fills places or counts at the listener calls from an address of its own. */
const ROUTES = [
  "route add prohibit 10.75.0.1",
  ...[15, 16, 17, 20, 21, 22, 23].flatMap((last) => [
    `addr add 10.74.0.${last}/32 dev wire`,
    `route add 10.73.0.${last}/32 dev wire src 10.74.0.${last}`,
  ]),
];

/** A case as it is run. */
interface Staged {
  readonly what: string;
  readonly cause: CallCause | "none" | "own-address";
  readonly seconds: readonly [least: number, most: number];
  readonly run: () => Promise<Result>;
}

interface Result {
  readonly named: string;
  readonly seconds: number;
}

async function doctor(world: World, { target, side = "here", phrase, proxy, before }: Case): Promise<Result> {
  await before?.(world);
  const began = performance.now();
  const way = proxy === undefined ? [] : ["--proxy", `socks5h://${there(2, proxy)}`];
  const args = ["doctor", target, "--json", ...way, ...(phrase === undefined ? [] : ["--phrase-fd", "0"])];
  const { stdout: out, stderr: err } = await world.run(
    side,
    sesame(...args),
    phrase === undefined ? "" : `${phrase}\n`,
  );
  const seconds = (performance.now() - began) / 1000;
  try {
    return { named: JSON.parse(out).cause, seconds };
  } catch {
    return { named: `nothing (${out}${err})`, seconds };
  }
}

/** From its "connecting" to the first diagnosis. */
async function chat(world: World, target: string): Promise<Result> {
  await using caller = await scripted(["connect", target], { shell: world.sides.here.shell });
  await caller.event("connecting");
  const began = performance.now();
  const named = await caller.event("diagnosis").then(({ cause }) => String(cause), () => "nothing");
  return { named, seconds: (performance.now() - began) / 1000 };
}

function bash(text: string): string[] {
  return ["bash", "-c", text];
}

/** OpenSSL as a web server, with a certificate of its own. */
function openssl(world: World, folder: string, port: number, version: string): Promise<void> {
  const files = ["-key", `${folder}/key.pem`, "-cert", `${folder}/cert.pem`];
  return world.service(
    "there",
    ["openssl", "s_server", "-accept", there(2, port), version, "-www", ...files],
    /ACCEPT/,
  );
}

/** This project's services.ts, once it is ready. */
function services(world: World, side: Side, ...args: readonly string[]): Promise<void> {
  const file = new URL("services.ts", import.meta.url).pathname;
  return world.service(side, [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", file, ...args], /ready/);
}

async function main(words: readonly string[]): Promise<number> {
  const wanted = ({ what, cause }: { what: string; cause: string }) =>
    words.length === 0 || words.some((word) => `${what} ${cause}`.includes(word));
  const cases = CASES.filter(wanted);
  const chats = CHAT_CASES.filter(wanted);
  if (!hasNamespaces("nft", "openssl", "bash", "microsocks")) {
    return tellCounts({ skipped: cases.length + chats.length });
  }
  using folder = new TemporaryFolder("test");
  // The namespaces lead nowhere: what the product imports is fetched before.
  await fetchDependencies();
  await ran(
    ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=there.test"].concat(
      ["-keyout", `${folder.path}/key.pem`, "-out", `${folder.path}/cert.pem`],
    ),
  );
  await using world = await World.make(FIREWALL, ROUTES);
  await Promise.all([
    world.service("there", sesame("listen", "[::]:7373", "--json", "--phrase-fd", "0"), /"done":true/, `${PHRASE}\n`),
    services(world, "there", "there", "10.73.0.2"),
    services(world, "here", "names", "10.73.0.2,fd73::2"),
    openssl(world, folder.path, PORT.HTTPS, "-tls1_3"),
    openssl(world, folder.path, PORT.OLD_TLS, "-tls1_2"),
  ]);
  world.proxy(PORT.PROXY, []);
  world.proxy(PORT.PROXY_LOGIN, ["-u", "user", "-P", "password"]);
  return await runAll(world, cases, chats);
}

async function runAll(world: World, cases: readonly Case[], chats: typeof CHAT_CASES): Promise<number> {
  let passed = 0;
  let slowest = 0;
  const late: Staged[] = [];
  const stage = async ({ what, cause, seconds: [least, most], run }: Staged, again: boolean) => {
    const { named, seconds } = await run();
    const right = named === cause;
    const inTime = seconds >= least && seconds <= most;
    if (right && inTime) passed++;
    if (right && inTime && most === DOCTOR_S[1]) slowest = Math.max(slowest, seconds);
    // A busy machine delays everything: what is right and late is staged once more, alone.
    const chance = right && !inTime && !again;
    if (chance) late.push({ what, cause, seconds: [least, most], run });
    const verdict = right && inTime ? "ok    " : chance ? "late  " : "FAILED";
    const sign = right ? "=" : "≠";
    console.log(`${verdict} ${cause.padEnd(18)} ${sign} ${named.padEnd(18)} ${seconds.toFixed(1)} s   ${what}`);
  };
  const waiting: Staged[] = [
    ...chats.map((one) => ({ ...one, seconds: CHAT_S, run: () => chat(world, one.target) })),
    // Those that take longest first.
    ...cases.toSorted((a, b) => Number(b.before !== undefined) - Number(a.before !== undefined))
      .map((one) => ({ ...one, seconds: DOCTOR_S, run: () => doctor(world, one) })),
  ];
  const all = waiting.length;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await stage(next, false);
  }));
  for (const one of late) await stage(one, true);
  console.log(`cause expected = cause named: ${passed} of ${all}; the slowest doctor took ${slowest.toFixed(1)} s`);
  return tellCounts({ passed, failed: all - passed });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
