import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import type { ControlFault } from "../notice.ts";
import { onionGone, onionPortProblem, onionProblem, onionReady } from "./onion.ts";

const FAULTS: Readonly<Record<ControlFault | "elsewhere", true>> = {
  nobody: true,
  socks: true,
  "not-tor": true,
  cookie: true,
  "no-method": true,
  password: true,
  "false-tor": true,
  refused: true,
  silent: true,
  lost: true,
  untrusted: true,
  elsewhere: true,
  "other-tor": true,
};
const faults = Object.keys(FAULTS) as (keyof typeof FAULTS)[];

Deno.test("what keeps Tor from publishing is told in three parts, with the port that was typed or the usual one", () => {
  for (const typed of [undefined, "127.0.0.1:9999"]) {
    const told = faults.map((fault) => onionProblem(fault, typed));
    for (const { doing, wrong, next } of told) {
      equal(doing, "Could not get an onion name.");
      match(wrong, /^[A-Z1].*\.$/);
      match(next, /^[A-Z]/);
      ok(!/HERE|undefined/.test(wrong + next), wrong);
      const [port] = /127\.0\.0\.1:\d+/.exec(wrong) ?? [];
      ok(port === undefined || port === (typed ?? "127.0.0.1:9051"), wrong);
    }
    equal(new Set(told.map(({ wrong }) => wrong)).size, faults.length, "two faults have the same words");
  }
});

Deno.test("what is said of a key for Tor names the option that gives one, and not the one that makes a name", () => {
  for (const fault of faults) {
    const { doing, next } = onionProblem(fault, "127.0.0.1:9999", "onion-auth");
    equal(doing, "Could not give Tor the key of the onion name.");
    ok(!next.includes("--onion="), next);
  }
  equal(onionProblem("refused", undefined, "onion-auth").wrong, "Tor did not take it.");
  equal(onionProblem("refused", undefined).wrong, "Tor refused to make an onion service.");
  for (const wish of ["onion", "onion-auth"] as const) {
    const { wrong, next } = onionPortProblem(wish);
    deepEqual([wrong.includes(`--${wish}=`), next.includes(`--${wish}=`)], [true, true]);
  }
});

Deno.test("a name that wants a key is told with it and how the friend gives it; a name that is gone says what the last try came to", () => {
  match(
    onionReady("abc.onion", true, "KEY"),
    /Nobody can call without the key\..*\n.*this key:\nKEY\n.*\nsesame connect abc\.onion --onion-auth$/,
  );
  match(onionReady("abc.onion", false), /^Tor did not confirm.*\n.*count as one.*\n.*\nsesame connect abc\.onion$/);
  match(onionGone("silent", "127.0.0.1:9151"), /^Still no new onion name\. 127\.0\.0\.1:9151 takes the call/);
  match(onionGone("cookie"), /^Still no new onion name\. Tor's cookie cannot be read\. Join the group/);
});
