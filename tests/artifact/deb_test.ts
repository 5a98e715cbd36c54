// The Debian package as people get it: made twice, checked by lintian, installed by dpkg into a separate root, started
// there as a user who owns nothing, and removed. The root has the package, this machine's C library and nothing else:
// no Deno, no Node, no source. What every form of Sesame has to do is tried on the portable file in it (e2e_test.ts).

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { join } from "node:path";
import { build } from "../../scripts/compile.ts";
import { makeDeb } from "../../scripts/release/deb.ts";
import { sha256 } from "../../scripts/release/failure.ts";
import { readSource } from "../../scripts/release/stage.ts";
import { targetHere } from "../../scripts/release/targets.ts";
import { ran } from "../harness/command.ts";
import { needs, PHRASE } from "./subject.ts";

const target = targetHere();
const here = Deno.build.os === "linux" && target?.runtime !== undefined && needs("dpkg-deb", "dpkg", "xz");
const root = Deno.uid() === 0;
if (here && !root) console.warn("Not root: installing the Debian package is SKIPPED.");

const made = here ? await make() : undefined;
addEventListener("unload", () => made && Deno.removeSync(made.folder, { recursive: true }));

async function make() {
  const folder = await Deno.makeTempDir({ prefix: "sesame-deb-test-" });
  await Deno.chmod(folder, 0o755);
  const portable = await build(target!, await readSource(), { out: folder, portable: true, say: () => {} });
  const one = await makeDeb(portable.path, target!.name, "third parties\n", folder);
  return { folder, portable, one };
}

Deno.test({
  name: "made twice from the same portable file it is the same package, and belongs to root",
  ignore: made === undefined,
  fn: async () => {
    const again = join(made!.folder, "again");
    await Deno.mkdir(again);
    Deno.umask(0o077);
    try {
      equal((await makeDeb(made!.portable.path, target!.name, "third parties\n", again)).sha256, made!.one.sha256);
    } finally {
      Deno.umask(0o022);
    }
    const { stdout } = await ran(["dpkg-deb", "--contents", made!.one.path]);
    for (const line of stdout.trim().split("\n")) {
      match(line, /^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x) root\/root .* \d{4}-\d\d-\d\d 00:00 /);
    }
    const control = await ran(["dpkg-deb", "--info", made!.one.path]);
    ok(!/\b(pre|post)(inst|rm)\b/.test(control.stdout), "it has a script");
  },
});

Deno.test({
  name: "lintian finds nothing but what the package itself says, with its reasons",
  ignore: made === undefined || !needs("lintian"),
  fn: async () => {
    // Quietly allowed as root; every level is shown.
    const { code, stdout } = await ran(["lintian", "--allow-root", "--display-info", made!.one.path]);
    deepEqual({ code, stdout: stdout.trim() }, { code: 0, stdout: "" });
  },
});

Deno.test({
  name:
    "dpkg installs it; an ordinary user runs it with nothing else there: man page, talk, F12; removed, nothing stays",
  ignore: made === undefined || !root || !needs("unshare", "mount", "chroot", "script"),
  fn: async () => {
    const at = join(made!.folder, "root");
    for (const name of ["var/lib/dpkg/updates", "var/lib/dpkg/info", "usr/lib", "usr/lib64", "dev", "proc", "tmp"]) {
      await Deno.mkdir(join(at, name), { recursive: true });
    }
    await Deno.writeTextFile(join(at, "var/lib/dpkg/status"), "");
    for (const name of ["lib", "lib64"]) await Deno.symlink(`usr/${name}`, join(at, name));
    // The C library that it depends on is lent to the root below.
    const dpkg = (...args: string[]) => ran(["dpkg", `--root=${at}`, "--force-depends", ...args]);
    const installed = await dpkg("--install", made!.one.path);
    equal(installed.code, 0, installed.stderr);
    equal(await sha256(await Deno.readFile(join(at, "usr/bin/sesame"))), made!.portable.sha256);
    equal((await ran(["man", "--warnings", "-l", join(at, "usr/share/man/man1/sesame.1.gz")])).stderr, "");
    equal((await ran(["bash", "-n", join(at, "usr/share/bash-completion/completions/sesame")])).stderr, "");

    const inside = join(made!.folder, "inside.sh");
    await Deno.writeTextFile(inside, INSIDE);
    const said = await ran(["unshare", "--mount", "sh", inside, at]);
    equal(said.code, 0, said.stderr);
    match(said.stdout, /^sesame [\d.]+, .*portable for /);
    match(said.stdout, /Phrase \(nothing shows/);
    ok(!said.stdout.includes("battery"), "the phrase was shown");
    match(said.stdout, /"text":"from the other"/);
    match(said.stdout, /"delivered"/);
    match(said.stdout, /^listener 0$/m);
    match(said.stdout, /^caller 0$/m);
    match(said.stdout, /^f12 0$/m);

    const removed = await dpkg("--purge", "sesame");
    equal(removed.code, 0, removed.stderr);
    const left = [...Deno.readDirSync(join(at, "usr"))].map(({ name }) => name).filter((name) => !/^lib/.test(name));
    deepEqual(left, []);
  },
});

/** In a mount namespace; `$1` is the root. Every Sesame runs in it as nobody, with an empty environment. */
const INSIDE = `set -u
root="$1"
for name in usr/lib usr/lib64; do [ -e "/$name" ] && mount --rbind "/$name" "$root/$name" && mount -o remount,bind,ro "$root/$name"; done
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
sesame="$(command -v chroot) --userspec=65534:65534 $root /usr/bin/sesame"
run() { env -i TERM=xterm $sesame "$@"; }
run --version || exit 1

# Two of them talk. The listener's input ends when the caller has gone.
mkfifo "$root/in" || exit 1
run listen 127.0.0.1:0 --json --phrase-fd 0 < "$root/in" > "$root/out" &
listener=$!
exec 3> "$root/in"
echo "${PHRASE}" >&3
for i in $(seq 300); do
  address=$(sed -n 's/.*"listening","address":"\\([^"]*\\)".*/\\1/p' "$root/out")
  [ -n "$address" ] && break
  sleep 0.1
done
printf '%s\\n' "${PHRASE}" "from the other" | run connect "$address" --json --phrase-fd 0
echo "caller $?"
exec 3>&-
wait "$listener"
echo "listener $?"
cat "$root/out"
rm "$root/in" "$root/out"

# The prompt in a terminal: the phrase half typed, then F12.
(for i in $(seq 300); do grep -q Phrase "$root/typed" 2>/dev/null && break; sleep 0.1; done
  printf 'battery'; sleep 0.3; printf '\\033[24~'; sleep 5) |
  SHELL=/bin/sh script -q -e -f -c "env -i TERM=xterm $sesame" "$root/typed" > /dev/null
echo "f12 $?"
cat "$root/typed"
rm "$root/typed"
`;
