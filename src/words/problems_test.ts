import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import {
  EXIT,
  listenProblem,
  listenWay,
  phraseProblem,
  type Problem,
  proxyProblem,
  sentence,
  unexpectedProblem,
  WEAK_PHRASE,
} from "./problems.ts";

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
  ...["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "EMFILE", undefined].map((code) =>
    listenProblem("[::]:7373", code, "sesame listen")
  ),
  ...(["local names", "scheme", "login", "address"] as const).map(proxyProblem),
  unexpectedProblem(new TypeError("x")),
];

Deno.test("every problem has three parts, each one or more sentences", () => {
  for (const problem of ALL) {
    for (const part of [problem.doing, problem.wrong, problem.next]) equal(/^[A-Z].*\.$/.test(part), true, part);
    equal(sentence(problem).includes("\n"), false);
  }
});

Deno.test("unexpectedProblem() tells the kind of an error and nothing that it says", () => {
  const secret = "open sesame, says Ali";
  for (const [error, kind] of [[new RangeError(secret), "RangeError"], [secret, "string"]] as const) {
    const problem = unexpectedProblem(error);
    equal(problem.wrong.includes(`(${kind})`), true, kind);
    equal(sentence(problem).includes("Ali"), false);
  }
});

Deno.test("a phrase that cannot be taken: what is wrong with it, and never what it is", () => {
  const CASES = [
    ["empty", "It is empty.", /"sesame phrase" prints a fresh one/],
    ["end", "It is empty.", /"sesame phrase" prints a fresh one/],
    ["checksum", "All words are on the list, but one is wrong, missing or misplaced.", /word by word/],
    ["too short", "It is shorter than 8 bytes.", /"sesame phrase" prints a fresh one/],
    ["too long", "It is longer than 1024 bytes.", /"sesame phrase" prints a fresh one/],
    ["too-long", "It is longer than 1024 bytes.", /"sesame phrase" prints a fresh one/],
    ["not UTF-8", "It is not UTF-8 text.", /Set the terminal to UTF-8/],
    ["control character", "It contains a control character.", /without tabs/],
    ["unassigned", "It contains a character that this program's version of Unicode does not know.", /for some years/],
    [{ typo: 3 }, "Word 3 is not on the word list.", /nothing has been sent/],
  ] as const;
  for (const [problem, wrong, next] of CASES) {
    const told = phraseProblem(problem);
    deepEqual([told.doing, told.wrong], ["Could not take the phrase.", wrong]);
    match(told.next, next);
  }
});

Deno.test("a weak phrase is told what it lets others do, and what makes a strong one", () => {
  match(WEAK_PHRASE, /^This phrase is weak: .*"sesame phrase"\.$/);
});

Deno.test("an address that cannot be listened on: why, by the system's word, and what to type instead, as it was typed", () => {
  const CASES = [
    ["8000", "EADDRINUSE", "Another program has that port.", "Close it, or choose another: WAY 8001."],
    ["[::]:7374", "EADDRINUSE", "Another program has that port.", "Close it, or choose another: WAY 7375."],
    ["65535", "EADDRINUSE", "Another program has that port.", "Close it, or choose another: WAY 65534."],
    ["80", "EACCES", "This user may not use that port.", "Choose one above 1023: WAY 7373."],
    [
      "192.0.2.9:8000",
      "EADDRNOTAVAIL",
      "This machine does not have that address.",
      "Leave the host out to listen on every interface: WAY 8000.",
    ],
    [
      "192.0.2.9",
      "EADDRNOTAVAIL",
      "This machine does not have that address.",
      "Leave the host out to listen on every interface: WAY 7373.",
    ],
    [
      "192.0.2.9:0",
      "EADDRNOTAVAIL",
      "This machine does not have that address.",
      "Leave the host out to listen on every interface: WAY 7373.",
    ],
    ["80", "EMFILE", "The system refused.", "Try another port, or raise the limit on open files (ulimit -n)."],
    ["80", undefined, "The system refused.", "Try another port, or raise the limit on open files (ulimit -n)."],
  ] as const;
  for (const way of ["sesame listen", "--listen", "/listen"] as const) {
    for (const [address, code, wrong, next] of CASES) {
      const doing = `Could not listen on ${address}.`;
      deepEqual(listenProblem(address, code, way), { doing, wrong, next: next.replace("WAY", way) });
    }
  }
});

Deno.test("who calls somebody listens by an option, who calls nobody by the command", () => {
  equal(listenWay([]), "sesame listen");
  equal(listenWay(["192.0.2.1"]), "--listen");
  equal(listenWay(["192.0.2.1", "192.0.2.2"]), "--listen");
});

Deno.test("a proxy that cannot be taken: why, and how it is typed", () => {
  const CASES = [
    ["local names", /its resolver would learn whom you call/, /Type socks5h instead/],
    ["scheme", /not a SOCKS5 proxy/, /--proxy socks5h:\/\/HOST:PORT/],
    ["login", /before its @/, /%40/],
    ["address", /address is not HOST:PORT/, /--proxy socks5h:\/\/HOST:PORT/],
  ] as const;
  for (const [fault, wrong, next] of CASES) {
    const told = proxyProblem(fault);
    equal(told.doing, "Could not take the proxy.");
    match(told.wrong, wrong);
    match(told.next, next);
  }
});

Deno.test("the exit codes are those of docs/SCRIPTS.md", () => {
  deepEqual(EXIT, { left: 0, unexpected: 1, usage: 2, connection: 3, phrase: 4, protection: 5 });
});
