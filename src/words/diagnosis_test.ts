// What is said of each cause, and of each step.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { CallProgress, type Cause } from "../transport/call_progress.ts";
import { diagnose, stepReports } from "./diagnosis.ts";
import { sentence } from "./errors.ts";

/** All of them; the type says so. */
const CAUSES: Readonly<Record<Cause, true>> = {
  "none": true,
  "name-not-found": true,
  "no-resolver": true,
  "onion-name": true,
  "proxy-unreachable": true,
  "proxy-login": true,
  "proxy-refused": true,
  "proxy-protocol": true,
  "refused": true,
  "filtered": true,
  "unreachable": true,
  "forbidden": true,
  "turned-away": true,
  "silent": true,
  "not-tls": true,
  "not-sesame": true,
  "busy": true,
  "large-packets-lost": true,
  "phrase": true,
  "own-address": true,
  "other-interface": true,
};

class Fixed extends CallProgress {
  constructor(readonly fixed: Cause, override readonly addresses: readonly string[] = ["192.0.2.7"]) {
    super();
  }
  override get cause(): Cause {
    return this.fixed;
  }
}

Deno.test("diagnose() has three parts for every cause, and what to do next is not always the same", () => {
  const said = new Set<string>();
  for (const cause of Object.keys(CAUSES) as Cause[]) {
    const diagnosis = diagnose("friend.example:7400", new Fixed(cause));
    for (const part of [diagnosis.doing, diagnosis.wrong, diagnosis.next]) {
      match(part, /^[A-Z].*[.0-9]$/, part);
      equal(part.includes("undefined"), false, part);
    }
    equal(sentence(diagnosis).includes("\n"), false);
    said.add(diagnosis.wrong);
  }
  equal(said.size, Object.keys(CAUSES).length);
});

Deno.test("diagnose() names the port that matters", () => {
  match(diagnose("192.0.2.7:7400", new Fixed("refused")).wrong, /port 7400/);
  match(diagnose("[2001:db8::7]:7400", new Fixed("filtered")).next, /TCP port 7400/);
});

Deno.test("diagnose() speaks of IPv6 where nothing else was tried", () => {
  match(diagnose("[2001:db8::7]:7373", new Fixed("unreachable", ["2001:db8::7"])).wrong, /IPv6/);
  equal(/IPv6/.test(diagnose("192.0.2.7:7373", new Fixed("unreachable")).wrong), false);
});

Deno.test("stepReports() has a line for each step: what went well, what failed, what was not tried", () => {
  const course = new CallProgress();
  course.follow({ step: "resolved", addresses: ["2001:db8::7", "192.0.2.7"].map((host) => ({ host, port: 7373 })) });
  course.follow({ step: "connecting", address: "2001:db8::7" });
  course.follow({ step: "failed", address: "2001:db8::7", why: "unreachable" });
  course.follow({ step: "connecting", address: "192.0.2.7" });
  deepEqual(stepReports(course, { phrase: false }), [
    { step: "name", state: "ok", found: "2001:db8::7, 192.0.2.7" },
    { step: "connect", state: "failed", found: "2001:db8::7: unreachable; 192.0.2.7: silent" },
    { step: "tls", state: "not tried", found: "" },
    { step: "offer", state: "not tried", found: "" },
    { step: "phrase", state: "not tried", found: "" },
  ]);
  course.follow({ step: "connected", address: "192.0.2.7" });
  course.follow({ step: "secured", familiar: true });
  course.follow({ step: "offered", valid: true });
  course.done();
  const states = (phrase: boolean) => stepReports(course, { phrase }).map(({ state }) => state);
  deepEqual(states(false), ["ok", "ok", "ok", "ok", "not tried"]);
  deepEqual(states(true), ["ok", "ok", "ok", "ok", "ok"]);
});

Deno.test("through a proxy diagnose() speaks of it, and stepReports() of no name that was looked up here", () => {
  const course = new CallProgress();
  course.follow({ step: "proxy", address: { host: "127.0.0.1", port: 9050 } });
  const states = () => stepReports(course, { phrase: false }).map(({ step, state }) => `${step} ${state}`);
  deepEqual(states().slice(0, 2), ["proxy failed", "connect not tried"]);
  equal(diagnose("abc.onion:7373", course).doing, "Could not connect to abc.onion:7373 through 127.0.0.1:9050.");
  course.follow({ step: "asked" });
  course.follow({ step: "unproxied", why: "refused" });
  deepEqual(states().slice(0, 2), ["proxy ok", "connect failed"]);
  for (const why of ["proxy-login", "proxy-refused", "proxy-protocol"] as const) {
    course.follow({ step: "unproxied", why });
    match(diagnose("abc.onion:7373", course).wrong, /proxy/);
  }
});
