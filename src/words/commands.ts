// What a chat's commands say, and what is wrong with a typed address. Pure.

import { DEFAULT_PORT, FRAME_SIZE } from "../constants.ts";
import { type AddressFault, ALTERNATIVES_MAX } from "../transport/address.ts";
import { youAreLine } from "./notices.ts";
import type { ListenWay, Problem } from "./problems.ts";

/** What `/help` lists: what to type, and what it does. */
export const HELP: readonly (readonly [string, string])[] = [
  ["/peers", "who is here"],
  ["/connect HOST[:PORT]", "call a friend"],
  ["/listen [PORT]", "take calls from now on"],
  ["/invite", "what a friend has to type to call you"],
  ["/msg NAME TEXT", "to one friend alone"],
  ["/introduce NAME", "hear a friend's friend, once they type it too"],
  ["/introduce NAME NAME", "propose that these two friends hear each other"],
  ["/decline NAME", "say no to being introduced; nobody is told"],
  ["/verify [NAME]", "words to compare by phone; then add yes, or no"],
  ["/bye NAME", "say goodbye to one friend; or with HOST:PORT, stop that call"],
  ["/name NAME", "what friends see beside your messages"],
  ["/clear", "forget what was said here, on the screen too"],
  ["/wire", "what somebody who watches the line sees"],
  ["/doctor", "what protects you here, and what to do"],
  ["/help", "this page"],
  ["/quit", "say goodbye and leave"],
  ["//text", "send a line that begins with a slash"],
];

/** What Tab completes at the beginning of a line, in the order of letters. */
export const CHAT_COMMANDS: readonly string[] = [...new Set(HELP.map(([typed]) => typed.split(" ")[0]!))]
  .filter((command) => !command.startsWith("//")).sort();

/** Blanks in front make no message of a command: what is for one friend must not go to all. */
export function isCommand(line: string): boolean {
  return /^\/(?!\/)/.test(line.trimStart());
}

/** What a line that is no command says: `//` says one that begins with a slash. */
export function asText(line: string): string {
  const typed = line.trimStart();
  return typed.startsWith("//") ? line.slice(0, line.length - typed.length) + typed.slice(1) : line;
}

/** A line below the first one would go to one friend alone if it were the first, and goes to everybody as it is. */
export function hidesCommand(text: string): boolean {
  return text.trimStart().split("\n").slice(1).some((line) => /^\s*\/msg\s/.test(line));
}

export function commandHelp(): string {
  const width = Math.max(...HELP.map(([command]) => command.length)) + 2;
  return [
    ...HELP.map(([command, help]) => command.padEnd(width) + help),
    "To everybody who waits for your answer: /introduce all, /decline all.",
    "Enter sends, Alt+Enter: new line. F12, Ctrl-\\ end at once; Ctrl-C asks.",
    "PgUp, PgDn scroll. Tab completes. Up arrow: sent before. Ctrl-_ undoes.",
  ].join("\n");
}

export interface Traffic {
  readonly cover: "constant" | "off";
  readonly intervalMs: number;
}

/** What constant cover costs, said at start and by /peers. */
export function costText(traffic: Traffic, links = 1): string {
  if (traffic.cover === "off") {
    return "Cover is off: anybody who watches the line sees when you write and how much, but not what.";
  }
  const each = megabytesAnHour(traffic.intervalMs);
  const all = links > 1 ? `, ${Math.round(each * links)} MB for ${links} friends` : "";
  return `Cover traffic takes about ${Math.round(each)} MB an hour for each friend${all}, whether you write or not.`;
}

/** Both directions of one link: a cell a tick each way, with what TLS, TCP and IP add, and an acknowledgement each. */
export function megabytesAnHour(intervalMs: number): number {
  const [tls, tcpIp] = [22, 52];
  return 2 * (FRAME_SIZE + tls + 2 * tcpIp) * 3_600_000 / intervalMs / 1e6;
}

/** What the proxy changes, said at start and by /wire. */
export function proxyText(proxy: string, listening: boolean): string {
  return `Calls go through the proxy at ${proxy}, which learns whom you call and resolves the names.` +
    (listening ? " Friends who call you come directly: listening does not use the proxy." : "");
}

export function wireText(traffic: Traffic, links: number, proxy: string | undefined, listening: boolean): string {
  const shape = traffic.cover === "constant"
    ? `one cell of ${FRAME_SIZE} bytes every ${traffic.intervalMs} ms in each direction, whether you type or not`
    : `cells of ${FRAME_SIZE} bytes when something is said, and one now and then`;
  return [
    `On the line, ${
      links === 0 ? "once a friend is here" : links === 1 ? "for 1 friend" : `for each of ${links} friends`
    }: ${shape}.`,
    "Anybody who watches learns that Sesame runs, between which addresses, and for how long.",
    costText(traffic, links),
    ...proxy === undefined ? [] : [proxyText(proxy, listening)],
  ].join("\n");
}

/** Of an address that makes no sense. */
export function addressProblem(doing: string, fault: AddressFault): Problem {
  const next = "Type HOST:PORT, for example 192.0.2.7:7373 or [2001:db8::1]:7373.";
  switch (fault) {
    case "empty":
      return { doing, wrong: "The address is empty.", next };
    case "host":
      return { doing, wrong: "That is neither a host name nor an IP address.", next };
    case "port":
      return { doing, wrong: "The port is not a number from 1 to 65535.", next };
    case "brackets":
      return { doing, wrong: "Its square brackets are wrong.", next };
    case "many":
      return {
        doing,
        wrong: `More than ${ALTERNATIVES_MAX} addresses for one friend.`,
        next: "Remove some.",
      };
    case "zone":
      return { doing, wrong: "Only a link-local address can have a zone behind %.", next };
  }
}

/** Of an address to listen on. */
export function listenAddressProblem(fault: AddressFault, way: ListenWay): Problem {
  return { ...addressProblem(COULD_NOT_LISTEN, fault), next: `Type a port, for example: ${way} ${DEFAULT_PORT}` };
}

/** Says which one of several targets, and not what it is: a phrase may have been typed there. */
export function ofSeveral(problem: Problem, number: number, count: number): Problem {
  return { ...problem, wrong: `Address ${number} of ${count}: ${problem.wrong}` };
}

export const NO_SUCH_COMMAND: Problem = {
  doing: "Could not do that.",
  wrong: "There is no such command.",
  next: "/help lists them; to send a line that begins with a slash, type two slashes.",
};

export const CALL_WHOM: Problem = {
  doing: "Could not call.",
  wrong: "There is no address.",
  next: "Type: /connect HOST[:PORT]",
};

export const COULD_NOT_CALL = "Could not call.";
export const COULD_NOT_LISTEN = "Could not listen.";
export const NOT_LISTENING = "You are not listening, so nobody can call you. To take calls from now on, type: /listen";

/** A friend as /peers shows them. */
export interface FriendLine {
  readonly who: string;
  readonly address: string;
  readonly direction: "in" | "out";
  readonly unconfirmed: number;
}

/** `you`: oneself, as friends read it. `circle`: lines about who hears whom. */
export function peersText(
  you: string,
  friends: readonly FriendLine[],
  circle: readonly string[],
  traffic: Traffic,
): string {
  return [
    youAreLine(you),
    friends.length === 0
      ? "Nobody is here."
      : `${friends.length} ${friends.length === 1 ? "friend" : "friends"} connected:`,
    ...friends.map(({ who, address, direction, unconfirmed }) =>
      `Here: ${who}, ${address}, ${direction === "in" ? "called you" : "called by you"}, ` +
      (unconfirmed === 0 ? "everything delivered" : `${unconfirmed} not confirmed yet`)
    ),
    ...circle,
    costText(traffic, friends.length),
  ].join("\n");
}
