// A command line taken apart: what each form means, and that Node's parseArgs, which knows more forms, means the same.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { type Spelling, split } from "./command_line.ts";

const SPELLINGS: readonly Spelling[] = [
  { name: "help", short: "h", value: "none" },
  { name: "version", short: "V", value: "none" },
  { name: "plain", value: "none" },
  { name: "name", value: "wanted" },
  { name: "router", value: "optional" },
];

Deno.test("an option's value stands behind it or behind =, and what is no option is a word", () => {
  deepEqual(split(["a", "--name", "Ada", "-", "--plain", "b"], SPELLINGS), {
    given: [["name", "Ada"], ["plain", true]],
    words: ["a", "-", "b"],
  });
  deepEqual(split(["--name=", "--name=-x=y", "-hV"], SPELLINGS), {
    given: [["name", ""], ["name", "-x=y"], ["help", true], ["version", true]],
    words: [],
  });
  deepEqual(split(["--name", "-"], SPELLINGS), { given: [["name", "-"]], words: [] });
  deepEqual(split(["--plain", "--", "--name", "--"], SPELLINGS), { given: [["plain", true]], words: ["--name", "--"] });
});

Deno.test("a value that may be left out never takes the word behind it", () => {
  deepEqual(split(["--router", "10.0.0.1"], SPELLINGS), { given: [["router", ""]], words: ["10.0.0.1"] });
  deepEqual(split(["--router=10.0.0.1"], SPELLINGS), { given: [["router", "10.0.0.1"]], words: [] });
});

Deno.test("the first thing that is wrong is said, without a value", () => {
  deepEqual(split(["--nmae=secret", "--name"], SPELLINGS), { fault: "unknown", option: "--nmae" });
  deepEqual(split(["-hx"], SPELLINGS), { fault: "unknown", option: "-x" });
  deepEqual(split(["--plain=secret"], SPELLINGS), { fault: "takes none", option: "--plain" });
  for (const behind of [[], ["--plain"], ["-h"], ["--"]]) {
    deepEqual(split(["--name", ...behind], SPELLINGS), { fault: "wants one", option: "--name" });
  }
});

Deno.test("Node's parseArgs takes every command line apart in the same way, and refuses the same ones", () => {
  // It knows no value that may be left out, and is shown that option with one.
  const options = Object.fromEntries(SPELLINGS.map(({ name, value, ...letter }) => [name, {
    type: value === "none" ? "boolean" as const : "string" as const,
    multiple: true,
    ...letter,
  }]));
  const words = [
    ...SPELLINGS.flatMap(({ name }) => [`--${name}`, `--${name}=`, `--${name}=v`]).filter((word) =>
      word !== "--router"
    ),
    ...["-", "--", "-h", "-V", "-hV", "-hx", "-x", "--=", "--x", "", "v", "w"],
  ];
  const word = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...words) }, fc.string({ maxLength: 6 }));
  let [taken, refused] = [0, 0];
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
      const ours = split(argv, SPELLINGS);
      let theirs;
      try {
        theirs = parseArgs({ args: argv, options, allowPositionals: true, strict: true, tokens: true });
      } catch {
        refused++;
        return equal("fault" in ours, true);
      }
      taken++;
      const given = theirs.tokens.flatMap((token) =>
        token.kind === "option" ? [[token.name, token.value ?? true] as const] : []
      );
      deepEqual(ours, { given, words: theirs.positionals });
    }),
    { numRuns: 5000 },
  );
  equal(taken > 500 && refused > 500, true, `${taken} taken, ${refused} refused`);
});
