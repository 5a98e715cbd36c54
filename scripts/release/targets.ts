// Which machines a file is made for, and the runtime that a portable file contains. For a new version of Deno, change
// VERSION and the hashes here, as well as README and .ci/run.

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
  /** SHA-256 of its file `deno` or `deno.exe`. Another file is refused. */
  readonly sha256: string;
  /** Of the whole package, as npm writes it; the list of what is inside is compared with it. */
  readonly integrity: string;
}

/** Each system that npm has a Deno for. */
export const RUNTIMES: readonly Runtime[] = [
  {
    package: "@deno/darwin-arm64",
    sha256: "b3ac3bd206e48c26026cadd80c1367e96c149f9c66130952382a642b09fa8a71",
    integrity: "sha512-V8uO1Aolrl/yvdMb5lOtgtigs8YuZBjrOrgviVMiYkQ0swymFfzkae1wZak4Xi24t7vf7d/eiMb/7ryjjVm+tg==",
  },
  {
    package: "@deno/darwin-x64",
    sha256: "ec9fbd8e8f5f6ca5ceb0ebe4a564636f2c698bf60e3187460ded400cc0147fd5",
    integrity: "sha512-tPi3CWPRdjW1MaWlvWjORE7Ass5SADdWdj1BF1Q1PEdzi+5u/mC5YhmZzniMiPr81PpaFeqjXaLAsfb8lFsZ0Q==",
  },
  {
    package: "@deno/linux-arm64-glibc",
    sha256: "d08d392418df53f4e6e88a08909c0e1bccbf9adcead7232df72b6ad6075ec416",
    integrity: "sha512-poqhoH9B3nYloigEMPT5t8HY+wBeiuea1An5Q7fqgJzP0SYmWsoS/oUnWO/pEiA4ofzIBy1Elt/in58xKtxEoQ==",
  },
  {
    package: "@deno/linux-x64-glibc",
    sha256: "bceb5b6a6239b0b010418406d8c77a508f67cf4337d94288f1c19fe71304aab0",
    integrity: "sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==",
  },
  {
    package: "@deno/win32-arm64",
    sha256: "7259fbfaf9fb0d83551b7f85b38b3dc4d7c2c63cf05427b042fbf63bdcb6f778",
    integrity: "sha512-iHSHs89g2Uy6k0bGHmXkgzTIW8WXImYPpvqRRO/zNsK1/N79PcjvAth1TuQatuIALcLdocstPs/PAYtndbfr0A==",
  },
  {
    package: "@deno/win32-x64",
    sha256: "2ff9493dfa356be2975f477025ea770088e9e9cb2c83d983236d13561b96b7a6",
    integrity: "sha512-qRGnmVz/Ea6UWPht/S3xFRK17UZ/ls38DSVfgGB17fpASLxPkksqzWUI/BzL9YYoOknYzfc94mySGyInZu/JXw==",
  },
];

function runtimeOf(name: string): Runtime {
  const runtime = RUNTIMES.find((r) => r.package === name);
  if (runtime === undefined) throw new TypeError(`no runtime ${name}`);
  return runtime;
}

export const TARGETS: readonly Target[] = [
  {
    name: "linux-x64",
    triple: "x86_64-unknown-linux-gnu",
    extension: "",
    runtime: runtimeOf("@deno/linux-x64-glibc"),
  },
  {
    name: "linux-arm64",
    triple: "aarch64-unknown-linux-gnu",
    extension: "",
    runtime: runtimeOf("@deno/linux-arm64-glibc"),
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
