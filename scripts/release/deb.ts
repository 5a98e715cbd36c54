// The Debian package: the portable file as it is, the man page and the completions. dpkg-deb makes it; the times in it
// are the release's, so that the same file gives the same package. It runs no script at installation or removal. Packed
// by xz, which every dpkg opens; zstd gave 40 MB instead of 37, and lintian and Debian 11 refuse it. Out of scope: the
// portable file (portable.ts), what the package has to do (tests/artifact/deb_test.ts).

import { type Measured, measured, TemporaryFolder } from "./files.ts";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { COMPLETIONS } from "../completions.ts";
import { DATE, MAN } from "../man.ts";
import { BuildFailure, run } from "./failure.ts";
import { ROOT, versionOf } from "./stage.ts";

/** What Debian calls the machines that there is a portable file for. */
export const ARCHITECTURES: Readonly<Record<string, string>> = { "linux-x64": "amd64", "linux-arm64": "arm64" };

/** Of the version with a licence that dpkg's own tools want to see; the text is in LICENSE. */
const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Sesame
Source: the files of this release; THIRD-PARTY-LICENCES.gz beside this file has what the program holds of others

Files: *
Copyright: 2026 The Sesame authors
License: Expat
`;

/** Each is a finding of lintian that is so on purpose, and why. */
const OVERRIDES =
  `# The file carries the Deno runtime, byte for byte the one of npm's package, which brings its own zlib, SQLite and others.
sesame: embedded-library *
# The launcher is no program for the dynamic loader: it maps the runtime and its loader by itself (docs/VERIFY.md).
sesame: shared-library-lacks-prerequisites *
`;

const DESCRIPTION = `private chat in the terminal that leaves nothing behind
 For people who share a secret phrase and can reach each other by IP: no
 server, no account, no history. TLS 1.3, a password-authenticated key
 exchange bound to it, and a double ratchet; F12 ends everything at once.
 .
 Nobody outside has reviewed it yet.`;

/** Makes `sesame_VERSION_ARCH.deb` in `out`, of the portable file for `target`. `licences` is the text for third parties. */
export async function makeDeb(portable: string, target: string, licences: string, out: string): Promise<Measured> {
  const version = await versionOf();
  const architecture = ARCHITECTURES[target];
  if (architecture === undefined) {
    throw new BuildFailure(
      `Could not make a Debian package for ${target}.`,
      "Debian has no name for it.",
      "Leave it out.",
    );
  }
  using folder = new TemporaryFolder("deb");
  await Deno.chmod(folder.path, 0o755);
  const files: Record<string, string | Uint8Array<ArrayBuffer>> = {
    "usr/bin/sesame": await Deno.readFile(portable),
    "usr/share/man/man1/sesame.1.gz": gzip(MAN["docs/sesame.1"]?.() ?? ""),
    "usr/share/bash-completion/completions/sesame": COMPLETIONS["docs/completions/sesame.bash"]?.() ?? "",
    "usr/share/zsh/vendor-completions/_sesame": COMPLETIONS["docs/completions/_sesame"]?.() ?? "",
    "usr/share/fish/vendor_completions.d/sesame.fish": COMPLETIONS["docs/completions/sesame.fish"]?.() ?? "",
    "usr/share/doc/sesame/copyright": COPYRIGHT + await licenceParagraph(),
    "usr/share/doc/sesame/changelog.gz": gzip(debianChangelog(version)),
    "usr/share/doc/sesame/THIRD-PARTY-LICENCES.gz": gzip(licences),
    "usr/share/lintian/overrides/sesame": OVERRIDES,
  };
  const sums: string[] = [];
  let size = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await write(folder.path, name, bytes, name === "usr/bin/sesame" ? 0o755 : 0o644);
    sums.push(`${md5(bytes)}  ${name}\n`);
    size += bytes.length;
  }
  await write(folder.path, "DEBIAN/md5sums", new TextEncoder().encode(sums.join("")), 0o644);
  await write(folder.path, "DEBIAN/control", new TextEncoder().encode(control(version, architecture, size)), 0o644);
  await setTimes(folder.path);
  const path = join(out, `sesame_${version}_${architecture}.deb`);
  // One thread: several cut the data into pieces by their number.
  const args = ["--root-owner-group", "-Zxz", "-z0", "--threads-max=1", "--build", folder.path, path];
  const made = await run("dpkg-deb", args, undefined, { SOURCE_DATE_EPOCH: String(RELEASED.getTime() / 1000) });
  if (!made.success) {
    throw new BuildFailure("Could not make the Debian package.", made.stderr.trim(), "Install dpkg.");
  }
  return await measured(path);
}

const RELEASED = new Date(`${DATE}T00:00:00Z`);
const MAINTAINER = "The Sesame authors <sesame@packages.invalid>";

function control(version: string, architecture: string, size: number): string {
  return `Package: sesame
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${Math.ceil(size / 1024)}
Depends: libc6 (>= 2.27), libgcc-s1 (>= 3.0)
Section: net
Priority: optional
Description: ${DESCRIPTION}
`;
}

function debianChangelog(version: string): string {
  const date = RELEASED.toUTCString().replace("GMT", "+0000");
  const change = "* What changes: CHANGELOG.md of the source.";
  return `sesame (${version}) unstable; urgency=medium\n\n  ${change}\n\n -- ${MAINTAINER}  ${date}\n`;
}

/** The licence of Sesame as a paragraph of the copyright file. */
async function licenceParagraph(): Promise<string> {
  const text = (await Deno.readTextFile(join(ROOT, "LICENSE"))).trim().split("\n").slice(4);
  return `\nLicense: Expat\n${text.map((line) => line === "" ? " ." : ` ${line}`).join("\n")}\n`;
}

async function write(folder: string, name: string, bytes: Uint8Array, mode: number): Promise<void> {
  const path = join(folder, name);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, bytes);
  await Deno.chmod(path, mode);
}

/** The release's time for every file and folder, whose modes do not depend on who builds. */
async function setTimes(path: string): Promise<void> {
  const info = await Deno.lstat(path);
  if (info.isDirectory) {
    await Deno.chmod(path, 0o755);
    for await (const { name } of Deno.readDir(path)) await setTimes(join(path, name));
  }
  await Deno.utime(path, RELEASED, RELEASED);
}

/** Without a time or a name in its header. */
function gzip(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(gzipSync(text, { level: 9 }));
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}
