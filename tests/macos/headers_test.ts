// The table of macOS's calls against other people's: the Rust crate libc, whose declarations for Apple's systems very
// many programs use and compare with the headers. Debian has its source. Nothing of macOS runs here. The crate lacks
// csops, minherit and their numbers, so these were compared by hand with xnu's own headers.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { MACOS_NUMBERS, MACOS_SYMBOLS } from "../../src/host/macos.ts";

const REGISTRY = "/usr/share/cargo/registry";
const NOT_DECLARED: readonly string[] = ["csops", "minherit"];

function source(): string | undefined {
  try {
    const crate = [...Deno.readDirSync(REGISTRY)].find(({ name }) => /^libc-\d/.test(name));
    if (crate === undefined) return undefined;
    // From what all have to what Apple's have: the last declaration counts.
    return ["mod.rs", "bsd/mod.rs", "bsd/apple/mod.rs"].map((file) =>
      Deno.readTextFileSync(`${REGISTRY}/${crate.name}/src/unix/${file}`)
    ).join("\n");
  } catch {
    return undefined;
  }
}

const rust = source();
if (rust === undefined) console.warn("SKIPPED: needs the source of the Rust crate libc (Debian: librust-libc-dev).");

/** `fn name(a: T, b: U) -> R;`, as its types. */
function declared(name: string): { parameters: string[]; result: string } | undefined {
  const found = [...rust!.matchAll(new RegExp(`\\bfn ${name}\\(([^)]*)\\)(?:\\s*->\\s*([^;]+))?;`, "g"))].at(-1);
  if (found === undefined) return undefined;
  const parameters = found[1]!.split(",").map((part) => part.trim()).filter((part) => part !== "");
  return { parameters: parameters.map((part) => part.replace(/^\w+: */, "")), result: (found[2] ?? "()").trim() };
}

/** What an FFI type may stand for. */
function fits(ffi: string, type: string): boolean {
  const bare = type.replace(/^(crate::|\w+::)/, "");
  switch (ffi) {
    case "buffer":
    case "pointer":
      return bare.startsWith("*");
    case "i32":
      return ["c_int", "pid_t", "i32"].includes(bare);
    case "usize":
      // 0 for a pointer to nothing, and the numbers that stand for a handler.
      return bare === "size_t" || bare === "sighandler_t" || bare.startsWith("*");
    case "isize":
      return bare === "ssize_t";
    case "void":
      return bare === "()" || bare === "!";
    default:
      return false;
  }
}

Deno.test({
  name: "each function of libSystem takes and returns what the table says, and a fixed number of it",
  ignore: rust === undefined,
  fn: () => {
    const missing: string[] = [];
    for (const [name, { parameters, result }] of Object.entries(MACOS_SYMBOLS)) {
      const there = declared(name);
      if (there === undefined) {
        missing.push(name);
        continue;
      }
      ok(!there.parameters.includes("..."), `${name} takes a variable number of arguments`);
      equal(parameters.length, there.parameters.length, name);
      parameters.forEach((ffi, i) => ok(fits(ffi, there.parameters[i]!), `${name}: ${ffi} for ${there.parameters[i]}`));
      ok(fits(result, there.result), `${name}: ${result} for ${there.result}`);
    }
    deepEqual(missing.sort(), NOT_DECLARED);
  },
});

Deno.test({
  name: "numbers and the layout of struct xsw_usage and struct rlimit are those of Apple's headers",
  ignore: rust === undefined,
  fn: () => {
    for (const name of ["SIGUSR1", "RLIMIT_CORE", "RLIMIT_MEMLOCK", "RLIM_INFINITY", "PT_DENY_ATTACH"] as const) {
      const value = [...rust!.matchAll(new RegExp(`pub const ${name}: \\w+ = (\\w+);`, "g"))].at(-1)?.[1];
      ok(value !== undefined, name);
      equal(BigInt(value.replaceAll("_", "")), BigInt(MACOS_NUMBERS[name]), name);
    }
    const sizes: Readonly<Record<string, number>> = { u64: 8, rlim_t: 8, u32: 4, boolean_t: 4 };
    const fields = (struct: string) =>
      [...(new RegExp(`pub struct ${struct} \\{([^}]*)\\}`).exec(rust!)?.[1] ?? "").matchAll(
        /pub (\w+): (?:crate::)?(\w+)/g,
      )]
        .map(([, name = "", type = ""]) => ({ name, size: sizes[type] ?? NaN }));
    let at = 0;
    const places = new Map(fields("xsw_usage").map(({ name, size }) => [name, (at += size) - size]));
    equal(at, MACOS_NUMBERS.XSW_USAGE_SIZE);
    equal(places.get("xsu_encrypted"), MACOS_NUMBERS.XSU_ENCRYPTED_AT);
    deepEqual(fields("rlimit"), [{ name: "rlim_cur", size: 8 }, { name: "rlim_max", size: 8 }]);
    ok(/pub type rlim_t = u64;/.test(rust!));
  },
});
