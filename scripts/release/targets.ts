// For which machines a file is made, and the runtime that a portable file carries. A new version of Deno: change VERSION
// and the hashes here, with README and .ci/run.

export const DENO_VERSION = "2.9.6";

export interface Target {
  readonly name: string;
  /** What `deno compile --target` calls it. */
  readonly triple: string;
  readonly extension: "" | ".exe";
  /** What the portable file is made of; absent where no portable file is made. */
  readonly runtime?: Runtime;
}

export interface Runtime {
  /** On npm, of DENO_VERSION. */
  readonly package: string;
  /** SHA-256 of its file `deno`. Another file is refused. */
  readonly sha256: string;
}

export const TARGETS: readonly Target[] = [
  {
    name: "linux-x64",
    triple: "x86_64-unknown-linux-gnu",
    extension: "",
    runtime: {
      package: "@deno/linux-x64-glibc",
      sha256: "bceb5b6a6239b0b010418406d8c77a508f67cf4337d94288f1c19fe71304aab0",
    },
  },
  {
    name: "linux-arm64",
    triple: "aarch64-unknown-linux-gnu",
    extension: "",
    runtime: {
      package: "@deno/linux-arm64-glibc",
      sha256: "d08d392418df53f4e6e88a08909c0e1bccbf9adcead7232df72b6ad6075ec416",
    },
  },
  { name: "macos-x64", triple: "x86_64-apple-darwin", extension: "" },
  { name: "macos-arm64", triple: "aarch64-apple-darwin", extension: "" },
  { name: "windows-x64", triple: "x86_64-pc-windows-msvc", extension: ".exe" },
];

/** The target that this machine is, if it is one of them. */
export function targetHere(): Target | undefined {
  const triple = Deno.build.target;
  return TARGETS.find((target) => target.triple === triple);
}
