import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { KnownNames, whoIsMeant } from "./who.ts";

const BOB = { peer: "47e90c11" + "0".repeat(56), name: "Bob" };
const BOB_TWO = { peer: "47e90c12" + "0".repeat(56), name: "Bob" };
const BOB_LEE = { peer: "b0b00000" + "0".repeat(56), name: "Bob Lee" };
const NOBODY = { peer: "c0c00000" + "0".repeat(56), name: "" };

Deno.test("whoIsMeant() takes a name, a tag, or both, in any case, and gives back what follows", () => {
  for (
    const typed of ["Bob", "bob", "BOB", "47e9-0c11", "[47e9-0c11]", "47e90c11", "Bob [47e9-0c11]", " bob 47E9-0C11"]
  ) {
    deepEqual(whoIsMeant(typed, [BOB, NOBODY]), { peer: BOB.peer, rest: "" }, typed);
    deepEqual(whoIsMeant(`${typed} hello  you`, [BOB]), { peer: BOB.peer, rest: "hello  you" }, typed);
  }
  deepEqual(whoIsMeant("c0c0-0000 hi", [BOB, NOBODY]), { peer: NOBODY.peer, rest: "hi" });
});

Deno.test("whoIsMeant() refuses a name that fits two, until the tag is typed", () => {
  equal(whoIsMeant("bob", [BOB, BOB_TWO]), "several");
  deepEqual(whoIsMeant("bob [47e9-0c12]", [BOB, BOB_TWO]), { peer: BOB_TWO.peer, rest: "" });
  deepEqual(whoIsMeant("bob [47e9-0c12] hi", [BOB, BOB_TWO]), { peer: BOB_TWO.peer, rest: "hi" });
  deepEqual(whoIsMeant("Bob leeway", [BOB, BOB_LEE]), { peer: BOB.peer, rest: "leeway" });
});

Deno.test("whoIsMeant() gives nobody words that were meant for another, whatever name somebody takes for that", () => {
  equal(whoIsMeant("Bob Lee is late", [BOB, BOB_LEE]), "several");
  deepEqual(whoIsMeant("Bob Lee [b0b0-0000] is late", [BOB, BOB_LEE]), { peer: BOB_LEE.peer, rest: "is late" });
  for (const name of ["47e9-0c11", "47e90c11 hi", "Bob 47e9-0c11", "Bob [47e9-0c11]", "Bob [47e9-0c11] hi", "Bob hi"]) {
    const liar = { peer: BOB_LEE.peer, name };
    for (const typed of ["Bob", "47e9-0c11", "47e90c11", "Bob 47e9-0c11"]) {
      const meant = whoIsMeant(`${typed} hi you`, [BOB, liar]);
      if (meant !== "several") deepEqual(meant, { peer: BOB.peer, rest: "hi you" }, `${name}: ${typed}`);
    }
    for (const typed of ["[47e9-0c11]", "Bob [47e9-0c11]"]) {
      deepEqual(whoIsMeant(`${typed} hi you`, [liar, BOB]), { peer: BOB.peer, rest: "hi you" }, `${name}: ${typed}`);
    }
  }
  for (const [name, typed] of [["Bob hi", "Bob"], ["47e9-0c11", "47e9-0c11"], ["47e90c11 hi", "47e90c11"]] as const) {
    equal(whoIsMeant(`${typed} hi you`, [{ peer: BOB_LEE.peer, name }, BOB]), "several", name);
  }
});

Deno.test("whoIsMeant() finds nobody in a part of a name, and nobody without a name by an empty one", () => {
  for (const typed of ["Bo", "Bobby", "47e9", "friend"]) equal(whoIsMeant(typed, [BOB, NOBODY]), "nobody", typed);
  for (const typed of ["", " "]) equal(whoIsMeant(typed, [BOB, NOBODY]), "unnamed", typed);
});

Deno.test("whoIsMeant() compares names as they are shown, so that one typed from the screen is found", () => {
  const odd = { peer: BOB.peer, name: "B\u200bo[b]" };
  equal(typeof whoIsMeant("Bo(b)", [odd]), "object");
});

Deno.test("whoIsMeant() leaves what stands behind a name as it was typed, also where small letters take more room than large ones", () => {
  const odd = { peer: BOB.peer, name: "\u0130pek \u0130nci" };
  deepEqual(whoIsMeant("\u0130pek \u0130nci hello", [odd]), { peer: BOB.peer, rest: "hello" });
  deepEqual(whoIsMeant("\u0130PEK \u0130NC\u0130 hello", [{ ...odd, name: "\u0130pek \u0130nc\u0130" }]), {
    peer: BOB.peer,
    rest: "hello",
  });
  // What only a screen would change: a joiner, a mark of direction, a private character, a space that does not break.
  const rest = "a\u200db \u200f\u05d0 \ue000\u00a0c";
  deepEqual(whoIsMeant(`Bob\t${rest}`, [BOB]), { peer: BOB.peer, rest });
  deepEqual(whoIsMeant("\u039f\u0394\u039f\u03a3 hi", [{ ...BOB, name: "\u03bf\u03b4\u03bf\u03c2" }]), {
    peer: BOB.peer,
    rest: "hi",
  });
});

Deno.test("whoIsMeant() takes a name for whom it meant before, once refuses it for another, and the tag decides at once", () => {
  const names = new KnownNames();
  const bob = (typed: string, ...here: (typeof BOB)[]) => {
    const meant = whoIsMeant(typed, here, names);
    return typeof meant === "string" ? meant : meant.peer;
  };
  equal(bob("Bob hi", BOB), BOB.peer);
  equal(bob("Bob [47e9-0c12] hi", BOB_TWO), BOB_TWO.peer, "with the tag");
  equal(bob("bOB hi", BOB_TWO), "another");
  equal(bob("Bob hi", BOB_TWO), BOB_TWO.peer, "the person knows");
  equal(bob("Bob hi", BOB), "another", "the other way round as well");
  names.learn(NOBODY);
  names.learn(BOB_LEE);
  equal(bob("Bob Lee", { ...BOB_LEE, peer: NOBODY.peer }), "another", "a name that was shown, and not used yet");
});

Deno.test("KnownNames forgets no name for the many that somebody takes, and beyond them asks for the tag", () => {
  const names = new KnownNames();
  names.learn(BOB);
  for (let n = 0; n < 2_000; n++) names.learn({ peer: NOBODY.peer, name: `Mallory ${n}` });
  equal(names.means(BOB_TWO), false);
  for (let again = 0; again < 2; again++) equal(names.means({ peer: NOBODY.peer, name: "Mallory 1999" }), false);
  equal(names.means({ peer: NOBODY.peer, name: "Mallory 99" }), true);
});
