// What is mutated, and which tests have to catch it. Out of scope: how.

export interface MutatedRoom {
  readonly name: string;
  /** Folders (all files but tests) and files. */
  readonly sources: readonly string[];
  /** The room's own tests, after those of the mutated file itself. */
  readonly tests: readonly string[];
  /** Targets of fuzz/replay_test.ts that come last, for mutants that the tests let live. */
  readonly fuzz: readonly string[];
}

const WORDS = ["call_failures", "doctor_call", "reach", "circle", "notices", "problems", "invitation"];

export const MUTATED: readonly MutatedRoom[] = [
  { name: "auth", sources: ["src/auth"], tests: ["src/auth"], fuzz: ["handshake", "phrase"] },
  { name: "ratchet", sources: ["src/ratchet"], tests: ["src/ratchet"], fuzz: ["ratchet"] },
  { name: "wire", sources: ["src/wire"], tests: ["src/wire"], fuzz: ["frame", "handshake", "cell", "message"] },
  { name: "session", sources: ["src/session"], tests: ["src/session"], fuzz: ["conversation"] },
  {
    name: "peers",
    sources: ["src/peers"],
    tests: ["src/peers", "tests/simulation/mesh_test.ts"],
    fuzz: ["peers", "company"],
  },
  {
    name: "sanitise",
    sources: ["src/terminal/text/sanitise.ts"],
    tests: ["src/terminal/text/sanitise_test.ts"],
    fuzz: ["sanitise"],
  },
  {
    name: "two_sided",
    sources: ["src/transport/two_sided/roles.ts", "src/transport/two_sided/places.ts"],
    tests: ["src/transport/two_sided/roles_test.ts", "src/transport/two_sided/places_test.ts"],
    fuzz: ["roles"],
  },
  {
    // Bytes and words; asking a router is a matter of sockets.
    name: "mapping",
    sources: ["pcp", "nat_pmp", "upnp", "lease"].map((name) => `src/transport/mapping/${name}.ts`),
    tests: ["src/transport/mapping/codecs_test.ts"],
    fuzz: ["router", "upnp"],
  },
  {
    name: "onion",
    sources: ["src/transport/onion/lines.ts"],
    tests: ["src/transport/onion/lines_test.ts"],
    fuzz: ["onion"],
  },
  {
    // What is made of facts: why a call failed, what a doctor found, who hears whom, notices, the line for a friend.
    name: "words",
    sources: ["src/call.ts", ...WORDS.map((name) => `src/words/${name}.ts`)],
    tests: [
      ...WORDS.map((name) => `src/words/${name}_test.ts`),
      "src/transport/call_progress_test.ts",
      "src/cli/doctor_call_test.ts",
    ],
    fuzz: [],
  },
  {
    // What a person types: the command line, and lines that begin with a slash.
    name: "cli",
    sources: ["src/cli/args.ts", "src/chat/chat_args.ts", "src/chat/commands.ts"],
    tests: ["src/cli/args_test.ts", "src/chat/commands_test.ts", "src/words/invitation_test.ts"],
    fuzz: ["options"],
  },
];

/** Files of these rooms that are no part of the program. */
export const NOT_MUTATED: RegExp = /_test(_\w+)?\.ts$/;
