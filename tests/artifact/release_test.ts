// `deno task release` as a whole: twice, the same bytes; every command of docs/VERIFY.md run on it; and the PKGBUILD built.
// What each file does when it runs is tried elsewhere (e2e_test.ts, npm_test.ts, deb_test.ts).

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { join } from "node:path";
import { launcherOf } from "../../scripts/release/launcher.ts";
import { sha256 } from "../../scripts/release/failure.ts";
import { RUNTIMES } from "../../scripts/release/targets.ts";
import { ran } from "../harness/command.ts";
import { needs, ROOT } from "./subject.ts";

const here = Deno.build.target === "x86_64-unknown-linux-gnu" && needs("npm", "dpkg-deb", "bash", "sha256sum", "git");
const folder = here ? await Deno.makeTempDir({ prefix: "sesame-release-test-" }) : "";
if (here) await Deno.chmod(folder, 0o755);
addEventListener("unload", () => here && Deno.removeSync(folder, { recursive: true }));

/** Everything for `file:` addresses, of a copy of this checkout, so that nothing is left in it. */
async function release(name: string, env: Record<string, string>): Promise<string> {
  const checkout = join(folder, `${name}-checkout`), out = join(folder, name);
  await Deno.mkdir(checkout);
  const copy = `git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$1"`;
  equal((await ran(["bash", "-c", copy, "bash", checkout], { cwd: ROOT })).code, 0);
  const args = ["task", "--quiet", "release", "--out", out, "--address", `file://${join(folder, "one")}`];
  const { code, stderr } = await ran([Deno.execPath(), ...args], { cwd: checkout, env: { NO_COLOR: "1", ...env } });
  equal(code, 0, stderr);
  return out;
}

const listed = (at: string) => [...Deno.readDirSync(at)].map(({ name }) => name).sort();

Deno.test({
  name: "everything that is published, made twice in two folders and time zones, is the same, byte for byte",
  ignore: !here,
  fn: async () => {
    const [one, two] = [await release("one", { TZ: "UTC" }), await release("two-longer", { TZ: "Asia/Tokyo" })];
    deepEqual(listed(one), listed(two));
    for (const name of listed(one)) {
      equal(
        await sha256(await Deno.readFile(join(one, name))),
        await sha256(await Deno.readFile(join(two, name))),
        name,
      );
    }
    const sums = await Deno.readTextFile(join(one, "SHA256SUMS"));
    deepEqual(
      sums.trim().split("\n").map((line) => line.slice(66)),
      (listed(one)).filter((n) => n !== "SHA256SUMS"),
    );
    for (
      const kind of [
        /^sesame-linux-x64-portable$/,
        /-arm64-portable$/,
        /_amd64\.deb$/,
        /_arm64\.deb$/,
        /^sesame-chat-.*\.tgz$/,
        /^PKGBUILD$/,
        /^sesame-chat\.json$/,
      ]
    ) {
      ok((listed(one)).some((name) => kind.test(name)), String(kind));
    }
    await Deno.remove(two, { recursive: true });
  },
});

/** Commands of docs/VERIFY.md that nobody can run before there is a key or a published commit, or that other tests run. */
const NOT_HERE = /^(minisign|cosign|--certificate-identity|git checkout|#)|task check launcher|^objdump/;

Deno.test({
  name: "each command of docs/VERIFY.md that can be run says what the page says, of the files of a release",
  ignore: !here,
  fn: async () => {
    const page = await Deno.readTextFile(join(ROOT, "docs/VERIFY.md"));
    const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text = ""]) => text);
    const commands = blocks.map((text) =>
      text.split("\n").map((line) => line.replace(/ +# .*/, "").trim()).filter((line) =>
        line !== "" && !NOT_HERE.test(line)
      )
    ).filter((lines) => lines.length > 0);
    const one = join(folder, "one"), checkout = join(folder, "one-checkout");
    const prefix = join(folder, "installed");
    equal((await ran(["npm", "install", "--global", "--prefix", prefix, ...tarballs(one)], { cwd: one })).code, 0);
    const said: string[] = [];
    for (const lines of commands) {
      const builds = lines.some((line) => line.includes("task compile"));
      const { code, stdout, stderr } = await ran(["bash", "-ec", lines.join("\n")], {
        cwd: builds ? checkout : one,
        env: { NO_COLOR: "1", npm_config_prefix: prefix, DENO_NO_UPDATE_CHECK: "1" },
      });
      equal(code, 0, `${lines.join("\n")}\n${stderr}`);
      said.push(stdout);
    }
    equal(commands.length, 5, "the page has other blocks than this test knows");
    const [version = "", sums = "", again = "", apart = "", npm = ""] = said;
    match(version, /^sesame [\d.]+, protocol \d+, portable for linux-x64, Deno 2\.9\.6, build [0-9a-f]{16}\n$/);
    ok(sums.trim().split("\n").every((line) => line.endsWith(": OK")), sums);
    const runtime = RUNTIMES.find((r) => r.package === "@deno/linux-x64-glibc")!.sha256;
    ok(again.includes(await sha256(await Deno.readFile(join(one, "sesame-linux-x64-portable")))), again);
    deepEqual(
      apart.split("\n").map((line) => /^[0-9a-f]{64}/.exec(line)?.[0]).filter((sum) => sum !== undefined),
      [runtime, runtime, await sha256(launcherOf("linux-x64"))],
    );
    equal(npm.slice(0, 64), runtime);
  },
});

function tarballs(at: string): string[] {
  return (listed(at)).filter((name) => name.endsWith(".tgz")).map((name) => join(at, name));
}

Deno.test({
  name: "makepkg builds the PKGBUILD from the published files: the portable file as it is, and refuses another",
  ignore: !here || Deno.uid() !== 0 || !needs("makepkg", "pacman", "setpriv", "bsdtar", "fakeroot"),
  fn: async () => {
    const at = join(folder, "arch");
    await Deno.mkdir(at);
    await Deno.chmod(at, 0o777);
    await Deno.copyFile(join(folder, "one/PKGBUILD"), join(at, "PKGBUILD"));
    // makepkg does not run as root.
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "env", `HOME=${at}`, "PKGEXT=.pkg.tar"];
    const build = () => ran(["setpriv", ...nobody, "makepkg", "--nodeps", "--noconfirm", "--force"], { cwd: at });
    const made = await build();
    equal(made.code, 0, made.stdout + made.stderr);
    const [file = ""] = (listed(at)).filter((name) => name.endsWith(".pkg.tar"));
    const { stdout } = await ran(
      ["bash", "-c", `tar -xOf "${file}" usr/bin/sesame | sha256sum; tar -tf "${file}"`],
      { cwd: at },
    );
    equal(stdout.slice(0, 64), await sha256(await Deno.readFile(join(folder, "one/sesame-linux-x64-portable"))));
    match(stdout, /^usr\/share\/man\/man1\/sesame\.1(\.gz)?$/m);
    await Deno.writeTextFile(
      join(at, "PKGBUILD"),
      (await Deno.readTextFile(join(at, "PKGBUILD"))).replace(/^(sha256sums_x86_64=\(')./m, "$1z"),
    );
    ok((await build()).code !== 0, "a file with another sum was taken");
  },
});
