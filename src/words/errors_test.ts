import { strictEqual as equal } from "node:assert/strict";
import {
  connectProblem,
  listenProblem,
  phraseProblem,
  type Problem,
  proxyProblem,
  sentence,
  unexpectedProblem,
} from "./errors.ts";

const ALL: Problem[] = [
  ...([
    "empty",
    "too short",
    "too long",
    "too-long",
    "end",
    "not UTF-8",
    "control character",
    "unassigned",
    "checksum",
    { typo: 3 },
  ] as const).map(phraseProblem),
  ...["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "EMFILE", undefined].map((code) => listenProblem("[::]:7373", code)),
  ...(["phrase", "self", "duplicate", "protocol", "busy", "timeout", "unreachable", "closed"] as const)
    .map((reason) => connectProblem("192.0.2.7:7373", reason)),
  ...(["timeout", "unreachable", "proxy-unreachable", "proxy-login", "proxy-refused", "proxy-protocol"] as const)
    .map((reason) => connectProblem("friend.example:7373", reason, "127.0.0.1:9050")),
  connectProblem("friend.onion:7373", "unreachable"),
  ...(["local names", "scheme", "login", "address"] as const).map(proxyProblem),
  unexpectedProblem(new TypeError("x")),
];

Deno.test("every problem has three parts, each one or more sentences", () => {
  for (const problem of ALL) {
    for (const part of [problem.doing, problem.wrong, problem.next]) equal(/^[A-Z].*\.$/.test(part), true, part);
    equal(sentence(problem).includes("\n"), false);
  }
});

Deno.test("connectProblem() sends who types an onion name without a proxy to Tor, and nobody else", () => {
  const tor = /--proxy socks5h/;
  equal(tor.test(sentence(connectProblem("friend.onion:7373", "unreachable"))), true);
  equal(tor.test(sentence(connectProblem("friend.onion:7373", "unreachable", "127.0.0.1:9050"))), false);
  equal(tor.test(sentence(connectProblem("onion.example:7373", "unreachable"))), false);
});

Deno.test("unexpectedProblem() tells the kind of an error and nothing that it says", () => {
  const text = sentence(unexpectedProblem(new RangeError("open sesame, says Ali")));
  equal(text.includes("RangeError"), true);
  equal(text.includes("Ali"), false);
});
