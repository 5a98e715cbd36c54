// Lines that begin with a slash. Pure. Out of scope: what they answer (words/commands.ts).

import { formatAddress, parseAlternatives } from "../transport/address.ts";
import { parseProxy } from "../transport/proxy_address.ts";
import type { Problem } from "../words/problems.ts";
import { addressProblem, CALL_WHOM, COULD_NOT_CALL, NO_SUCH_COMMAND, ofSeveral } from "../words/commands.ts";
import { invitedTargets } from "./chat_args.ts";

export type Command =
  | { name: typeof PLAIN[number] }
  | { name: "connect"; targets: string[] }
  /** `text`: what stands behind the command. */
  | { name: typeof WITH_TEXT[number]; text: string }
  | { name: "unknown"; problem: Problem };

const WITH_TEXT = ["introduce", "decline", "msg", "verify", "bye", "name", "listen"] as const;
const PLAIN = ["peers", "invite", "clear", "wire", "doctor", "help", "quit"] as const;

/** `line` begins with a slash. */
export function parseCommand(line: string): Command {
  const [word = "", ...rest] = line.slice(1).trim().split(/\s+/);
  if (word === "connect") return connect(invitedTargets(rest));
  const plain = PLAIN.find((name) => name === word);
  if (plain !== undefined) return { name: plain };
  const withText = WITH_TEXT.find((name) => name === word);
  if (withText !== undefined) return { name: withText, text: line.slice(line.indexOf(word) + word.length).trim() };
  return { name: "unknown", problem: NO_SUCH_COMMAND };
}

/** HOST:PORT of a proxy that proxyProblem() has nothing against: without the login, which is for the proxy alone. */
export function shownProxy(typed: string | undefined): string | undefined {
  const proxy = typed === undefined ? "address" : parseProxy(typed);
  return typeof proxy === "string" ? undefined : formatAddress(proxy.address);
}

function connect(targets: string[]): Command {
  if (targets.length === 0) return { name: "unknown", problem: CALL_WHOM };
  const problem = targetsProblem(targets);
  return problem === undefined ? { name: "connect", targets: targets.map(fullTarget) } : { name: "unknown", problem };
}

/** What is wrong with the first of them that cannot be called, and of several which one that is. */
export function targetsProblem(targets: readonly string[]): Problem | undefined {
  for (const [i, target] of targets.entries()) {
    const problem = targetProblem(target);
    if (problem !== undefined) return targets.length > 1 ? ofSeveral(problem, i + 1, targets.length) : problem;
  }
  return undefined;
}

/** A target that targetProblem() has nothing against, each address with its port: `192.0.2.7:7373`. */
export function fullTarget(target: string): string {
  const parsed = parseAlternatives(target);
  return typeof parsed === "string" ? target : parsed.map(formatAddress).join(",");
}

/** Undefined if somebody can be called there. */
export function targetProblem(target: string): Problem | undefined {
  const parsed = parseAlternatives(target);
  return typeof parsed === "string" ? addressProblem(COULD_NOT_CALL, parsed) : undefined;
}
