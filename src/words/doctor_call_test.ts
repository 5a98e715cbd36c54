// What is said of each step of a doctor's call.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { CallStep } from "../call.ts";
import {
  answered,
  asked,
  calling as four,
  closed,
  connected,
  failed,
  offered,
  proxied as proxy,
  secured,
  strange,
} from "../../tests/harness/call_steps.ts";
import { CallProgress } from "../transport/call_progress.ts";
import { diagnose, stepReports } from "./doctor_call.ts";

const named: CallStep = {
  step: "resolved",
  addresses: ["2001:db8::7", "192.0.2.7"].map((host) => ({ host, port: 7373 })),
};
const six: CallStep = { step: "connecting", address: "2001:db8::7" };
const lost = (why: (CallStep & { step: "lost" })["why"]): CallStep => ({ step: "lost", why });

const NAME = "name ok: 2001:db8::7, 192.0.2.7";
const CONNECT = "connect ok: 192.0.2.7 takes the connection";
const TLS = "tls ok: TLS 1.3, with a certificate like those that Sesame makes";
const OFFER = "offer ok: a Sesame of this version";
const PROXY = "proxy ok: 127.0.0.1:9050 takes the connection";

/** The steps of a call, and the lines about it; those behind the last are not tried, and nothing is said of them. */
const COURSES: readonly (readonly [readonly CallStep[], ...string[]])[] = [
  [[], "name failed: the name cannot be looked up"],
  [[lost("name-not-found")], "name failed: no such name"],
  [[lost("no-resolver")], "name failed: the name cannot be looked up"],
  [[lost("onion-name")], "name failed: onion names need Tor"],
  [[named], NAME, "connect failed: "],
  [[named, four], NAME, "connect failed: 192.0.2.7: no answer"],
  [[named, four, failed("refused")], NAME, "connect failed: 192.0.2.7: refused"],
  [[named, four, failed("filtered")], NAME, "connect failed: 192.0.2.7: no answer"],
  [[named, four, failed("unreachable")], NAME, "connect failed: 192.0.2.7: no route"],
  [[named, four, failed("forbidden")], NAME, "connect failed: 192.0.2.7: forbidden by a firewall"],
  [[named, four, failed("turned-away")], NAME, "connect failed: 192.0.2.7: closed at once"],
  [
    [named, six, { step: "failed", address: "2001:db8::7", why: "unreachable" }, four],
    NAME,
    "connect failed: 2001:db8::7: no route; 192.0.2.7: no answer",
  ],
  [[named, six, four, connected], NAME, `${CONNECT}; 2001:db8::7: no answer`, "tls failed: connected, then no answer"],
  [[named, four, connected, lost("silent")], NAME, CONNECT, "tls failed: connected, then no answer"],
  [[named, four, connected, lost("turned-away")], NAME, CONNECT, "tls failed: closed at once"],
  [[named, four, connected, lost("not-tls")], NAME, CONNECT, "tls failed: something other than Sesame answers"],
  [[named, four, connected, lost("not-sesame")], NAME, CONNECT, "tls failed: something other than this Sesame answers"],
  [[named, four, connected, secured], NAME, CONNECT, TLS, "offer failed: large packets get lost"],
  [[named, four, connected, secured, closed], NAME, CONNECT, TLS, "offer failed: their Sesame hung up"],
  [
    [named, four, connected, strange, closed],
    NAME,
    CONNECT,
    "tls ok: TLS 1.3, with a certificate of another kind",
    "offer failed: something other than this Sesame answers",
  ],
  [[named, four, connected, secured, offered], NAME, CONNECT, TLS, OFFER, "phrase failed: large packets get lost"],
  [
    [named, four, connected, secured, offered, answered, closed],
    NAME,
    CONNECT,
    TLS,
    OFFER,
    "phrase failed: cut before their answer came; perhaps a wrong phrase",
  ],
  [
    [named, four, connected, secured, offered, answered, { step: "ended", why: "phrase" }],
    NAME,
    CONNECT,
    TLS,
    OFFER,
    "phrase failed: the phrase did not match",
  ],
  [
    [named, four, connected, secured, offered, answered, { step: "accepted" }],
    NAME,
    CONNECT,
    TLS,
    OFFER,
    "phrase ok: right, and in the same mode",
  ],
  [[proxy], "proxy failed: the proxy does not answer"],
  [[proxy, asked], PROXY, "connect failed: no answer"],
  [[proxy, asked, lost("filtered")], PROXY, "connect failed: no answer"],
  [[proxy, asked, lost("refused")], PROXY, "connect failed: refused"],
  [[proxy, asked, lost("unreachable")], PROXY, "connect failed: no route"],
  [[proxy, asked, lost("proxy-login")], PROXY, "connect failed: the proxy wants a user name and password"],
  [[proxy, asked, lost("proxy-refused")], PROXY, "connect failed: the proxy could not connect"],
  [[proxy, asked, lost("proxy-protocol")], PROXY, "connect failed: the proxy does not speak SOCKS5"],
  [[proxy, asked, connected], PROXY, "connect ok: made by the proxy", "tls failed: connected, then no answer"],
];

function course(steps: readonly CallStep[]): CallProgress {
  const progress = new CallProgress();
  for (const step of steps) progress.follow(step);
  return progress;
}

Deno.test("stepReports() says of each step of each course what a person needs to know, and nothing of the others", () => {
  for (const [steps, ...lines] of COURSES) {
    const reports = stepReports(course(steps), { phrase: true });
    const told = reports.map(({ step, state, found }) => `${step} ${state}: ${found}`);
    deepEqual(told.slice(0, lines.length), lines);
    for (const { state, found } of reports.slice(lines.length)) deepEqual([state, found], ["not tried", ""]);
    equal(reports.length, 5);
  }
});

Deno.test("stepReports() tells of --with-phrase where the phrase would have been tried next, and nowhere before", () => {
  const phrase = (...steps: readonly CallStep[]) => stepReports(course(steps), { phrase: false }).at(-1);
  const none = { step: "phrase", state: "not tried", found: "" };
  deepEqual(phrase(named, four, connected, secured), none);
  deepEqual(phrase(), none);
  const told = { ...none, found: "--with-phrase tries it too" };
  deepEqual(phrase(named, four, connected, secured, offered), told);
  deepEqual(phrase(named, four, connected, secured, offered, { step: "accepted" }), told);
  const well = course([named, four, connected, secured, offered]);
  well.done();
  for (const tried of [false, true]) {
    equal(stepReports(well, { phrase: tried }).at(-1)?.state, tried ? "ok" : "not tried");
  }
});

Deno.test("diagnose() of a call that went well says through what, where the Sesame is, and what to type", () => {
  const well = (target: string, ...steps: readonly CallStep[]) => {
    const progress = course(steps);
    progress.done();
    return diagnose(target, progress);
  };
  deepEqual(well("192.0.2.7:7373", named, four, connected, secured, offered), {
    address: "192.0.2.7:7373",
    cause: "none",
    doing: "Called 192.0.2.7:7373.",
    wrong: "All is well: a Sesame answers there.",
    next: "Type: sesame connect 192.0.2.7:7373",
  });
  const several = "192.0.2.7:7373,[2001:db8::1]:7373";
  equal(well(several, named, four, connected, secured, offered).next, `Type: sesame connect '${several}'`);
  equal(
    well("abc.onion:7373", proxy, asked, connected, secured).doing,
    "Called abc.onion:7373 through 127.0.0.1:9050.",
  );
  const here: CallStep = { step: "connected", address: "127.0.0.1" };
  equal(well("127.0.0.1:7373", here, { step: "own" }, secured).wrong, "All is well: a Sesame answers on this machine.");
  deepEqual(well("192.0.2.7:7373", connected, { step: "own" }, secured, offered), {
    address: "192.0.2.7:7373",
    cause: "own-address",
    doing: "Called 192.0.2.7:7373.",
    wrong: "A Sesame answers, but that is this machine's own address.",
    next: "Give your friend's address, not your own; they can reach you at this one if they are on the same network.",
  });
});
