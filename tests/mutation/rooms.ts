// What is mutated, and which tests have to notice. Not in here: how.

export interface MutatedRoom {
  readonly name: string;
  /** Folders (all files but tests) and files. */
  readonly sources: readonly string[];
  /** The room's own tests, after those of the mutated file itself. */
  readonly tests: readonly string[];
  /** Targets of fuzz/replay_test.ts that come last, for mutants that the tests let live. */
  readonly fuzz: readonly string[];
}

export const MUTATED: readonly MutatedRoom[] = [
  { name: "auth", sources: ["src/auth"], tests: ["src/auth"], fuzz: ["handshake", "phrase"] },
  { name: "ratchet", sources: ["src/ratchet"], tests: ["src/ratchet"], fuzz: ["ratchet"] },
  { name: "wire", sources: ["src/wire"], tests: ["src/wire"], fuzz: ["frame", "handshake", "cell", "message"] },
  { name: "session", sources: ["src/session"], tests: ["src/session"], fuzz: ["conversation"] },
  { name: "peers", sources: ["src/peers"], tests: ["src/peers", "tests/simulation/mesh_test.ts"], fuzz: ["peers"] },
  {
    name: "sanitise",
    sources: ["src/terminal/text/sanitise.ts"],
    tests: ["src/terminal/text/sanitise_test.ts"],
    fuzz: ["sanitise"],
  },
];

/** Files of these rooms that are no part of the program. */
export const NOT_MUTATED: RegExp = /_test(_\w+)?\.ts$/;
