// One failing call of each cause, through the chat, `sesame doctor HOST` and --json: the same cause and the same words.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import {
  CALL_PLACES,
  type CallCause,
  type CallFailure,
  type CallPlace,
  reasonOf,
  type RefusedReason,
} from "../call.ts";
import type { Notice } from "../notice.ts";
import { jsonLine } from "../terminal/json.ts";
import { plainLines } from "../terminal/plain.ts";
import { told } from "../terminal/screen/told.ts";
import { newRoster } from "../terminal/text/roster.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import { CallProgress } from "../transport/call_progress.ts";
import { askedAgain, CALL_CAUSES, callProblem } from "./call_failures.ts";
import { diagnose } from "./doctor_call.ts";
import { lineOf } from "./notices.ts";

const TARGET = "friend.example:7400";
const PROXY: Address = { host: "127.0.0.1", port: 9050 };

/** Where each cause can be found, and which reason --json has for it. */
const CASES: Readonly<Record<CallCause, readonly [CallPlace, RefusedReason]>> = {
  "name-not-found": ["name", "unreachable"],
  "no-resolver": ["name", "unreachable"],
  "onion-name": ["name", "unreachable"],
  "proxy-unreachable": ["proxy", "proxy-unreachable"],
  "proxy-login": ["connect", "proxy-login"],
  "proxy-refused": ["connect", "proxy-refused"],
  "proxy-protocol": ["connect", "proxy-protocol"],
  refused: ["connect", "unreachable"],
  filtered: ["connect", "timeout"],
  unreachable: ["connect", "unreachable"],
  forbidden: ["connect", "unreachable"],
  "other-interface": ["connect", "unreachable"],
  "turned-away": ["tls", "closed"],
  silent: ["tls", "timeout"],
  "not-tls": ["tls", "protocol"],
  "not-sesame": ["tls", "protocol"],
  busy: ["offer", "closed"],
  "large-packets-lost": ["offer", "timeout"],
  phrase: ["phrase", "phrase"],
  unanswered: ["phrase", "phrase"],
  restarts: ["offer", "busy"],
  self: ["offer", "self"],
  duplicate: ["offer", "duplicate"],
  full: ["offer", "busy"],
  "nat-random-ports": ["connect", "unreachable"],
};

/** What a doctor's call has found. */
class Found extends CallProgress {
  constructor(readonly found: CallFailure, proxy: Address | undefined) {
    super();
    if (proxy !== undefined) this.follow({ step: "proxy", address: proxy });
  }
  override get failure(): CallFailure {
    return this.found;
  }
}

Deno.test("a failing call of each cause is the same cause and the same words in chat, doctor and --json, through a proxy too", () => {
  deepEqual(Object.keys(CASES).sort(), [...CALL_CAUSES].sort());
  const seen = new Set<string>();
  for (const [proxy, why] of [undefined, PROXY].flatMap((proxy) => CALL_CAUSES.map((why) => [proxy, why] as const))) {
    const [at, reason] = CASES[why];
    ok(CALL_PLACES.includes(at));
    const failure: CallFailure = { at, why };
    equal(reasonOf(failure), reason, why);
    // Of the doctor.
    const diagnosis = diagnose(TARGET, new Found(failure, proxy));
    deepEqual([diagnosis.step, diagnosis.cause], [at, why]);
    // Of the chat that goes on calling, as a line and as JSON.
    const notice: Notice = { event: "diagnosis", address: TARGET, failure, proxy: proxy && formatAddress(proxy) };
    const json = JSON.parse(jsonLine(notice, 0));
    deepEqual([json.step, json.cause, json.wrong, json.next], [at, why, diagnosis.wrong, diagnosis.next]);
    const words = `${diagnosis.wrong} ${diagnosis.next}`;
    equal(told(notice, newRoster())?.text, `Still no connection with ${TARGET}. ${words}`);
    deepEqual(plainLines(notice, { roster: newRoster(), sent: new Map(), echoed: false }), [
      `Still no connection with ${TARGET}. ${words}`,
    ]);
    // Of the chat that gives up.
    const problem = callProblem(TARGET, failure, proxy && formatAddress(proxy));
    deepEqual([problem.wrong, problem.next], [diagnosis.wrong, diagnosis.next]);
    equal(problem.doing, diagnosis.doing);
    const refused: Notice = { event: "refused", address: TARGET, reason: reasonOf(failure), failure };
    equal(JSON.parse(jsonLine(refused, 0)).reason, reason);
    const short = lineOf(refused, { who: String, clean: String, name: String, reported: String, reportedName: String });
    match(short ?? "", /^No connection with friend\.example:7400: [a-z].*[a-z0-9]\.$/i);
    for (const part of [problem.doing, problem.wrong, problem.next]) match(part, /^[A-Z].*\.$/, part);
    equal(/undefined|\n/.test(words + short), false, why);
    if (proxy === undefined) seen.add(problem.wrong).add(short ?? "");
  }
  equal(seen.size, 2 * CALL_CAUSES.length, "two causes have the same words");
});

Deno.test("callProblem() names the port that matters, and none where there are several", () => {
  const refused: CallFailure = { at: "connect", why: "refused" };
  match(callProblem("192.0.2.7:7400", refused).wrong, /port 7400/);
  match(callProblem("192.0.2.7:7400,198.51.100.4:7400", refused).wrong, /port 7400/);
  match(callProblem("192.0.2.7:7400,198.51.100.4:7401", refused).wrong, /that port/);
  match(callProblem("[2001:db8::7]:7400", { at: "connect", why: "filtered" }).next, /TCP port 7400/);
  const filtered: CallFailure = { at: "connect", why: "filtered" };
  match(callProblem("192.0.2.7:7373", filtered).next, /which sesame listen --map-port does;/);
  match(callProblem("192.0.2.7:7400,198.51.100.4:7401", filtered).next, /allow the TCP port in their firewall/);
  const other: CallFailure = { at: "connect", why: "other-interface" };
  match(callProblem("192.0.2.7:7400", other).next, /every interface instead: sesame listen 7400\.$/);
  match(callProblem("192.0.2.7:7400,198.51.100.4:7401", other).next, /every interface instead: sesame listen\.$/);
});

Deno.test("callProblem() says who was called and names the name that is none: one host, or all that was typed", () => {
  const none: CallFailure = { at: "name", why: "name-not-found" };
  for (
    const [target, host] of [
      ["friend.example:7400", "friend.example"],
      ["a.example:7400,b.example:7400", "a.example:7400,b.example:7400"],
      ["no address", "no address"],
    ] as const
  ) {
    const { doing, wrong } = callProblem(target, none);
    deepEqual([doing, wrong], [`Could not connect to ${target}.`, `There is no such name as ${host}.`]);
  }
});

Deno.test("callProblem() through a proxy names the proxy and asks nothing of a router that it does not pass", () => {
  const { doing, next } = callProblem("abc.onion:7373", { at: "connect", why: "filtered" }, "127.0.0.1:9050");
  equal(doing, "Could not connect to abc.onion:7373 through 127.0.0.1:9050.");
  equal(/router|firewall/.test(next), false);
  const refused: CallFailure = { at: "connect", why: "refused" };
  match(
    callProblem("abc.onion:7373", refused, "127.0.0.1:9050").wrong,
    /^Refused: nothing listens on port 7373 there,/,
  );
  match(callProblem("192.0.2.7:7373", refused).wrong, /^Refused: the machine is up, but nothing listens on port 7373,/);
  match(callProblem("192.0.2.7:7373", { at: "connect", why: "filtered" }).wrong, /a firewall or router on the way/);
});

Deno.test("where the phrase is asked for again, the problem says the same and what to do at this prompt", () => {
  const { doing, wrong } = callProblem("192.0.2.7:7373", { at: "phrase", why: "phrase" });
  deepEqual(askedAgain({ doing, wrong, next: "nothing of this" }), {
    doing,
    wrong,
    next: "Compare the phrase with your friend's, letter by letter, by phone or in person. " +
      "Typing it again calls again; Ctrl-C leaves.",
  });
});
