// How many copies of a secret the scan lets pass may only go down: from one commit to the next, and now.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Limit, Thresholds } from "./runs.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FILE = "tests/memory/thresholds.json";
/** Where it stood before. */
const OLD_FILE = "tests/trace/thresholds.json";

/** What of `now` is more than `before`. A kind that is not there has none. */
function raised(before: Thresholds, now: Thresholds): string[] {
  const old = before as Readonly<Record<string, Limit>>;
  return Object.entries(now as Readonly<Record<string, Limit>>).flatMap(([kind, limit]) =>
    (["inside", "outside", "halves"] as const)
      .filter((where) => (limit[where] ?? 0) > (old[kind]?.[where] ?? 0))
      .map((where) => `${kind}, ${where}`)
  );
}

function git(...args: string[]): string | undefined {
  try {
    const { success, stdout } = new Deno.Command("git", { args: ["-C", ROOT, ...args], stderr: "null" }).outputSync();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}

const commits = git("log", "--reverse", "--format=%H", "--", FILE, OLD_FILE)?.trim().split("\n").filter((line) =>
  line !== ""
);
if (commits === undefined) console.warn("SKIPPED: the history of thresholds needs git and a checkout.");

function at(commit: string): Thresholds {
  const text = git("show", `${commit}:${FILE}`) ?? git("show", `${commit}:${OLD_FILE}`);
  if (text === undefined) throw new Error(`${commit} has no thresholds`);
  return JSON.parse(text) as Thresholds;
}

Deno.test({
  name: "no threshold was ever raised, from commit to commit and since the last",
  ignore: commits === undefined,
  async fn() {
    const versions = commits!.map((commit) => at(commit));
    versions.push(JSON.parse(await Deno.readTextFile(`${ROOT}${FILE}`)) as Thresholds);
    for (const [i, version] of versions.entries()) {
      if (i > 0) deepEqual(raised(versions[i - 1]!, version), [], `version ${i + 1} of ${FILE}`);
    }
  },
});

Deno.test("raised() notices a higher number, a new kind and a new place", () => {
  const before: Thresholds = { w: { outside: 2 } };
  deepEqual(raised(before, { w: { outside: 2 } }), []);
  deepEqual(raised(before, {}), []);
  deepEqual(raised(before, { w: { outside: 3 } }), ["w, outside"]);
  deepEqual(raised(before, { w: { outside: 1, halves: 1 } }), ["w, halves"]);
  deepEqual(raised(before, { K: { inside: 1 } }), ["K, inside"]);
});

Deno.test("what must not be left in memory has no threshold at all", async () => {
  const now = JSON.parse(await Deno.readTextFile(`${ROOT}${FILE}`)) as Record<string, unknown>;
  const phrases = ["phrase", "phrase, not ASCII", "phrase as typed, not ASCII"];
  for (const kind of [...phrases, "root keys", "chain keys", "skipped keys", "message keys", "w", "DH private keys"]) {
    equal(kind in now, false, kind);
  }
});
