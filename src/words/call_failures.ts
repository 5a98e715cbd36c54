// The words for a call that fails: one table, a row for each cause. The line of a chat, the three parts of a problem, what
// `sesame doctor HOST` prints and the texts of --json are made from it, so that they say the same of the same failure.
// Pure. Out of scope: finding out (transport/call_progress.ts), the steps of a doctor's call (doctor_call.ts).

import type { CallCause, CallFailure } from "../call.ts";
import { type Address, parseAlternatives } from "../transport/address.ts";
import type { Problem } from "./problems.ts";

interface Words {
  /** The end of a sentence. */
  readonly short: string;
  readonly wrong: string;
  readonly next: string;
}

/** What the sentences name. */
interface Called {
  readonly host: string;
  /** Undefined: of several addresses with several ports. */
  readonly port: number | undefined;
  /** HOST:PORT. */
  readonly proxy: string | undefined;
}

/** In three parts. `target` as HOST:PORT, `proxy` as HOST:PORT if the call goes through one. */
export function callProblem(target: string, { why }: CallFailure, proxy?: string): Problem {
  const { wrong, next } = wordsOf(target, why, proxy);
  return { doing: `Could not connect to ${target}${proxy === undefined ? "" : ` through ${proxy}`}.`, wrong, next };
}

/** The same of a call that the phrase may have failed, where the phrase is asked for once more. */
export function askedAgain({ doing, wrong }: Problem): Problem {
  return {
    doing,
    wrong,
    next:
      "Compare the phrase with your friend's, letter by letter, by phone or in person. Typing it again calls again; " +
      "Ctrl-C leaves.",
  };
}

/** Why, as the end of a sentence. */
export function callFailureShort({ why }: CallFailure): string {
  return WORDS[why]({ host: "", port: undefined, proxy: undefined }).short;
}

function wordsOf(target: string, why: CallCause, proxy: string | undefined): Words {
  const parsed = parseAlternatives(target);
  const addresses: readonly Address[] = typeof parsed === "string" ? [] : parsed;
  const [first] = addresses;
  const port = addresses.every((address) => address.port === first?.port) ? first?.port : undefined;
  return WORDS[why]({ host: addresses.length === 1 && first ? first.host : target, port, proxy });
}

const onPort = ({ port }: Called) => port === undefined ? "that port" : `port ${port}`;
const tcpPort = ({ port }: Called) => port === undefined ? "the TCP port" : `TCP port ${port}`;
const ASK_TO_LISTEN = 'ask your friend to run "sesame listen"';

/** Every cause has its row; an editor changes them here. */
const WORDS: Readonly<Record<CallCause, (called: Called) => Words>> = {
  "name-not-found": ({ host }) => ({
    short: "no such name",
    wrong: `There is no such name as ${host}.`,
    next: "Compare its spelling with your friend's, or use their IP address.",
  }),
  "no-resolver": () => ({
    short: "the name cannot be looked up",
    wrong: "The name cannot be looked up: no DNS server answers this machine.",
    next: "Check that this machine is online and which DNS server it asks, or use your friend's IP address.",
  }),
  "onion-name": () => ({
    short: "onion names need Tor",
    wrong: "Onion names are reached only through Tor, so nothing was looked up.",
    next: "Start Tor and then Sesame, which finds it on port 9050 or 9150; elsewhere type --proxy socks5h://HOST:PORT.",
  }),
  "proxy-unreachable": () => ({
    short: "the proxy does not answer",
    wrong: "The proxy does not answer.",
    next: "Start it, or check its address: Tor listens on 127.0.0.1:9050, Tor Browser on 127.0.0.1:9150.",
  }),
  "proxy-login": () => ({
    short: "the proxy wants a user name and password",
    wrong: "The proxy wants a user name and password, or refused those that it got.",
    next: "Type --proxy socks5h://USER:PASSWORD@HOST:PORT.",
  }),
  "proxy-refused": () => ({
    short: "the proxy could not connect",
    wrong: "The proxy could not connect, and does not say why.",
    next: "Check your friend's address, and look at the proxy's log.",
  }),
  "proxy-protocol": () => ({
    short: "the proxy does not speak SOCKS5",
    wrong: "What answers at the proxy's address does not speak SOCKS5.",
    next: "Check its port: Tor uses 9050, Tor Browser 9150, others often 1080.",
  }),
  refused: (called) => ({
    short: "refused",
    wrong: called.proxy === undefined
      ? `Refused: the machine is up, but nothing listens on ${onPort(called)}, or a firewall rejects calls.`
      : `Refused: nothing listens on ${onPort(called)} there, or a firewall rejects calls.`,
    next: `Compare the port with your friend's, and ${ASK_TO_LISTEN}.`,
  }),
  "other-interface": (called) => ({
    short: "refused by this machine itself",
    wrong: `That is this machine's own address, and a program listens on ${onPort(called)} for this machine only.`,
    next: "Stop it, and listen on every interface instead: sesame listen" +
      (called.port === undefined ? "." : ` ${called.port}.`),
  }),
  filtered: (called) =>
    called.proxy === undefined
      ? {
        short: "no answer",
        wrong: "No answer: a firewall or router on the way drops the call, or no machine has that address.",
        next:
          `Ask your friend to allow ${tcpPort(called)} in their firewall and to forward it on their router, which ` +
          "sesame listen --map-port does; if nobody can be called from here, check this machine's own firewall.",
      }
      : {
        short: "no answer",
        wrong: "No answer in time.",
        next: "Sesame calls again unless --once is given: another path through the proxy may be faster.",
      },
  unreachable: (called) => ({
    short: "no route",
    wrong: "No route: no machine has that address, a firewall forbids it, or this machine is offline or has no IPv6.",
    next:
      "Compare the address with your friend's, and check that both machines are online. An IPv4 address may work. " +
      `Your friend's firewall has to allow ${tcpPort(called)}.`,
  }),
  forbidden: () => ({
    short: "forbidden by a firewall",
    wrong: "Forbidden: by this machine's own firewall, or by one on the way that says so.",
    next: "Check which calls this machine's firewall allows, then call again.",
  }),
  "turned-away": () => ({
    short: "closed at once",
    wrong:
      "Closed at once: by a Sesame that is full or has had too many calls from your address, by a relay with nobody " +
      "behind it, or by a firewall that blocks TLS.",
    next:
      "Wait a minute and call again. If that does not help, ask whether your friend's Sesame runs and what it says.",
  }),
  silent: () => ({
    short: "connected, then no answer",
    wrong: "Connected, but nothing comes: another kind of service, a program that hangs, or lost packets.",
    next: "Compare the port with your friend's, and ask them to restart Sesame.",
  }),
  "not-tls": () => ({
    short: "something other than Sesame answers",
    wrong: "Something other than Sesame answers: it does not speak TLS.",
    next: "Compare the port with your friend's.",
  }),
  "not-sesame": () => ({
    short: "something other than this Sesame answers",
    wrong: "Something answers that is not this version of Sesame, perhaps a web server.",
    next: "Compare the port with your friend's, and the protocol version: sesame --version.",
  }),
  "nat-random-ports": () => ({
    short: "your calls did not meet",
    wrong:
      "Either your friend is not calling you just now, or one of your two routers keeps your calls apart: most often " +
      "one that uses a new port for every call, sometimes one that answers strangers with an error.",
    next: "Ask your friend to call you as well: sesame connect HOST. If you both do, let one of you " +
      "listen with --map-port, forward the port by hand, or use IPv6.",
  }),
  busy: () => ({
    short: "their Sesame hung up",
    wrong: "A Sesame answers and hangs up before it has said anything: it is full, or just ending.",
    next: "Wait until somebody has left, then call again.",
  }),
  "large-packets-lost": () => ({
    short: "large packets get lost",
    wrong: "Connected, but the first large packet does not arrive: a router or VPN on the way probably drops large " +
      "packets (MTU).",
    next: "Set the MTU of this machine's network device to 1280 (Linux, as root: ip link set dev NAME mtu 1280), or " +
      "call without the VPN; if that changes nothing, ask your friend to restart Sesame.",
  }),
  phrase: () => ({
    short: "the phrase did not match",
    wrong: "The phrase did not match, one of you is in the other mode, or their door is closed (--friends).",
    next: "Compare the phrase with your friend, letter by letter, by phone or in person.",
  }),
  unanswered: () => ({
    short: "cut before their answer came; perhaps a wrong phrase",
    wrong: "The connection was cut before their answer came. Perhaps the phrase did not match, one of you is in the " +
      "other mode, or their door is closed (--friends); perhaps the line broke.",
    next: "Call again. If that does not help, compare the phrase with your friend, letter by letter, by phone or in " +
      "person. After three such calls Sesame stops calling until you tell it to.",
  }),
  restarts: () => ({
    short: "they restarted too often",
    wrong: "The Sesame there has restarted too often in ten minutes, and each time this machine would have to " +
      "stretch the phrase.",
    next: "Wait ten minutes and call again. If that does not help, ask whether your friend's Sesame keeps restarting.",
  }),
  self: () => ({
    short: "that is this program itself",
    wrong: "This program called itself.",
    next: "Give your friend's address, not your own.",
  }),
  duplicate: () => ({
    short: "this friend is connected already",
    wrong: "This friend is connected already.",
    next: "Nothing needs to be done.",
  }),
  full: () => ({
    short: "too many friends are connected already",
    wrong: "Too many friends are connected here already.",
    next: "Wait until somebody has left, then call again.",
  }),
};

/** For the list of everything that the program can say. */
export const CALL_CAUSES: readonly CallCause[] = Object.keys(WORDS) as CallCause[];
