// How Deno's own build for macOS is signed, read from the files of npm's packages, since the host's facts there rest on it:
// with the hardened runtime and not to be debugged, so other programs of the user do not get its memory; but so that DYLD_*
// variables work, which the program therefore looks for. The layout: xnu, osfmk/kern/cs_blobs.h. Nothing of it runs here.

import { TemporaryFolder } from "../../scripts/release/files.ts";
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../../scripts/release/failure.ts";
import { DENO_VERSION, RUNTIMES } from "../../scripts/release/targets.ts";
import { needs } from "../artifact/subject.ts";

interface Signature {
  readonly flags: number;
  readonly entitlements: readonly string[];
  /** A signature by a certificate, which ad hoc ones have not. */
  readonly signed: boolean;
}

/** Of a Mach-O file for one machine. Throws where it has none. */
function signatureOf(file: Uint8Array): Signature {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  equal(view.getUint32(0, true), MH_MAGIC_64);
  let at = 32, super_: number | undefined;
  for (let left = view.getUint32(16, true); left > 0; left--) {
    if (view.getUint32(at, true) === LC_CODE_SIGNATURE) super_ = view.getUint32(at + 8, true);
    at += view.getUint32(at + 4, true);
  }
  ok(super_ !== undefined, "there is no signature");
  equal(view.getUint32(super_), CSMAGIC_EMBEDDED_SIGNATURE);
  let flags: number | undefined, signed = false;
  const entitlements: string[] = [];
  for (let i = 0; i < view.getUint32(super_ + 8); i++) {
    const blob = super_ + view.getUint32(super_ + 16 + 8 * i);
    const length = view.getUint32(blob + 4);
    switch (view.getUint32(blob)) {
      case CSMAGIC_CODEDIRECTORY:
        flags = view.getUint32(blob + 12);
        break;
      case CSMAGIC_EMBEDDED_ENTITLEMENTS: {
        const text = new TextDecoder().decode(file.subarray(blob + 8, blob + length));
        for (const [, key = ""] of text.matchAll(/<key>([^<]+)<\/key>\s*<true\/>/g)) entitlements.push(key);
        break;
      }
      case CSMAGIC_BLOBWRAPPER:
        signed = length > 1000;
    }
  }
  ok(flags !== undefined);
  return { flags, entitlements, signed };
}

for (const { package: name, sha256: sum } of RUNTIMES.filter((runtime) => runtime.package.includes("darwin"))) {
  Deno.test({
    name:
      `${name} is signed by its maker, hardened and not to be debugged; libraries can be put in by DYLD_* variables`,
    ignore: !needs("npm", "tar"),
    fn: async () => {
      using folder = new TemporaryFolder("macos");
      const run = async (program: string, ...args: readonly string[]) =>
        equal((await new Deno.Command(program, { args: [...args], cwd: folder.path, stdin: "null" }).output()).code, 0);
      await run("npm", "pack", "--silent", `${name}@${DENO_VERSION}`);
      await run("sh", "-c", "tar -xzf ./*.tgz package/deno");
      const file = await Deno.readFile(join(folder.path, "package/deno"));
      equal(await sha256(file), sum);
      const { flags, entitlements, signed } = signatureOf(file);
      equal(flags & CS_RUNTIME, CS_RUNTIME, "it is not hardened");
      equal(flags & CS_ADHOC, 0);
      ok(signed, "nobody signed it");
      ok(!entitlements.includes("com.apple.security.get-task-allow"), "it may be debugged");
      deepEqual(entitlements.map((key) => key.replace("com.apple.security.cs.", "")).sort(), [
        "allow-dyld-environment-variables",
        "allow-jit",
        "allow-unsigned-executable-memory",
        "disable-executable-page-protection",
        "disable-library-validation",
      ]);
    },
  });
}

const MH_MAGIC_64 = 0xfeed_facf;
const LC_CODE_SIGNATURE = 0x1d;
const CSMAGIC_EMBEDDED_SIGNATURE = 0xfade_0cc0;
const CSMAGIC_CODEDIRECTORY = 0xfade_0c02;
const CSMAGIC_EMBEDDED_ENTITLEMENTS = 0xfade_7171;
const CSMAGIC_BLOBWRAPPER = 0xfade_0b01;
const CS_ADHOC = 0x2;
const CS_RUNTIME = 0x1_0000;
