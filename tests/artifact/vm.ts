// `deno task check vm FILE KERNEL`: the file that people download, as an ordinary user on a separate small Linux, where
// limits, swap and core dumps can be set, which a container or a build machine seldom allows. It needs
// qemu-system-x86_64, busybox (static), gdb, dmsetup, cpio and xz; KERNEL is a folder into which Debian's package was
// unpacked:
//
//   apt-get download linux-image-6.12.118+deb13-cloud-amd64 && dpkg-deb -x linux-image-*.deb kernel
//
// Without KVM it takes about three minutes. Prints what the machine says, then each check; the last line is their sum.
// Scope: the machine and what it should say. Out of scope: what runs inside (vm/init.sh as root, vm/user.sh as the user).

import { tellCounts } from "../../scripts/suites.ts";
import { dirname, join, resolve } from "node:path";

/** In this part of what the machine says, this must stand. */
interface Check {
  readonly says: string;
  readonly part: string;
  readonly must: RegExp;
}

const REFUSED = /Refused to start\. Memory cannot be locked here[^]*code 5/;
const CHECKS: readonly Check[] = [
  {
    says: "64 KiB: only a part is locked, and doctor names the line to type",
    part: "limit 64",
    must: /Only a part of the memory[^]*ulimit -l 8192/,
  },
  { says: "64 KiB: --require-locked-memory refuses, with code 5", part: "limit 64", must: REFUSED },
  { says: "8192 KiB: all is locked", part: "limit 8192", must: /protected +locked memory: +All/ },
  { says: "8192 KiB: --require-locked-memory starts", part: "limit 8192", must: /"locked":"all"[^]*code 0/ },
  { says: "unlimited: all is locked", part: "limit unlimited", must: /protected +locked memory: +All/ },
  { says: "unlimited: --require-locked-memory starts", part: "limit unlimited", must: /"locked":"all"[^]*code 0/ },
  { says: "swap on a plain disk is called weaker", part: "swap plain", must: /weaker +swap: +Swap is not encrypted/ },
  { says: "swap on dm-crypt is called encrypted", part: "swap encrypted", must: /protected +swap: +Swap is encrypted/ },
  {
    says: "swap in compressed memory is not called a disk",
    part: "swap zram",
    must: /protected +swap: +Swap is compressed memory/,
  },
  ...["file", "pipe"].flatMap((kind): Check[] => [
    {
      says: `core_pattern a ${kind}: another program leaves a core dump`,
      part: `core ${kind}`,
      must: /control ended 134[^]*left: .*\bcore\.sleep\b/,
    },
    {
      says: `core_pattern a ${kind}: Sesame dies of kill -ABRT and leaves none`,
      part: `core ${kind}`,
      must: /sesame ended 134\nleft: core\.sleep\n/,
    },
    {
      says: `core_pattern a ${kind}: environ, mem, maps and gcore are refused to the same user`,
      part: `core ${kind}`,
      must: /control refused:\.[^]*sesame refused: environ maps mem\.[^]*ptrace: Operation not permitted[^]*no gcore/,
    },
  ]),
];

const BUSYBOX =
  "sh mount cat echo insmod mkswap swapon swapoff su grep sleep kill poweroff head tail chown chmod mkdir mkfifo tr od ls rm env dd printf";
/** Of drivers and libraries, in the order in which they can be loaded. */
const MODULES =
  "drivers/block/virtio_blk mm/zsmalloc lib/lz4/lz4_compress lib/lz4/lz4hc_compress drivers/block/zram/zram drivers/md/dm-mod crypto/xts drivers/md/dm-crypt";

async function output(command: string, ...args: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { success, stdout } = await new Deno.Command(command, { args, stderr: "inherit" }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
  return stdout;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A root of its own in `folder`: busybox, the file, what both need, and the modules of the kernel. */
async function makeRoot(folder: string, file: string, kernel: string): Promise<void> {
  const put = async (from: string, to: string, mode = 0o755) => {
    await Deno.mkdir(dirname(join(folder, to)), { recursive: true });
    await Deno.copyFile(from, join(folder, to));
    await Deno.chmod(join(folder, to), mode);
  };
  for (const name of ["dev", "proc", "sys", "tmp", "home/anna"]) {
    await Deno.mkdir(join(folder, name), { recursive: true });
  }
  await put("/usr/bin/busybox", "bin/busybox");
  for (const name of BUSYBOX.split(" ")) await Deno.symlink("busybox", join(folder, "bin", name));
  await put(file, "opt/sesame");
  const programs = ["/usr/bin/gdb", "/usr/sbin/dmsetup"];
  for (const program of programs) await put(program, `bin/${program.split("/").at(-1)}`);
  // The file is no program that ldd knows; the Deno that runs this needs the same libraries.
  for (const program of [...programs, await Deno.realPath(Deno.execPath())]) {
    for (const [library] of text(await output("ldd", program)).matchAll(/\/[^ )]+/g)) await put(library, library);
  }
  const tree = text(await output("find", join(kernel, "usr/lib/modules"), "-name", "*.ko.xz")).split("\n");
  await Deno.mkdir(join(folder, "modules"));
  for (const [at, name] of MODULES.split(" ").entries()) {
    const found = tree.find((path) => path.endsWith(`/kernel/${name}.ko.xz`));
    if (found === undefined) throw new Error(`${kernel} has no module ${name}`);
    await Deno.writeFile(join(folder, "modules", `${at}.ko`), await output("xz", "--decompress", "--stdout", found));
  }
  await Deno.mkdir(join(folder, "etc"));
  await Deno.writeTextFile(join(folder, "etc/passwd"), "root:x:0:0::/:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/sh\n");
  await Deno.writeTextFile(join(folder, "etc/group"), "root:x:0:\nanna:x:1000:\n");
  for (const [from, to] of [["init", "init"], ["user", "user"]] as const) {
    await put(new URL(`vm/${from}.sh`, import.meta.url).pathname, to);
  }
}

/** Everything that the machine says from its start to its end. */
async function boot(root: string, kernel: string, folder: string): Promise<string> {
  const image = join(folder, "root.cpio"), disk = join(folder, "disk");
  await output(
    "sh",
    "-c",
    `cd "$1" && find . | cpio --quiet -o -H newc > "$2" && truncate -s 64M "$3"`,
    "sh",
    root,
    image,
    disk,
  );
  const [vmlinuz] = [...Deno.readDirSync(join(kernel, "boot"))].filter(({ name }) => name.startsWith("vmlinuz"));
  const args = `-machine q35 -cpu max -smp 2 -m 1500 -nographic -no-reboot -net none -initrd ${image}`.split(" ");
  const child = new Deno.Command("qemu-system-x86_64", {
    args: [...args, "-kernel", join(kernel, "boot", vmlinuz?.name ?? ""), "-append", "console=ttyS0 quiet panic=-1"]
      .concat("-drive", `file=${disk},format=raw,if=virtio`),
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const limit = setTimeout(() => child.kill("SIGKILL"), 900_000);
  let said = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += part;
    await Deno.stdout.write(new TextEncoder().encode(part));
  }
  clearTimeout(limit);
  await child.status;
  return said.replaceAll("\r", "");
}

async function main([file, kernel]: readonly string[]): Promise<number> {
  if (file === undefined || kernel === undefined) {
    console.error(
      "Could not start the machine. The file or the kernel is missing. Type: deno task check vm FILE KERNEL",
    );
    return 2;
  }
  const folder = await Deno.makeTempDir({ prefix: "sesame-vm-" });
  let said: string;
  try {
    await makeRoot(join(folder, "root"), resolve(file), resolve(kernel));
    said = await boot(join(folder, "root"), resolve(kernel), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  let failed = 0;
  for (const { says, part, must } of CHECKS) {
    const heard = new RegExp(`=== ${part}\\n([^]*?)=== `).exec(said)?.[1];
    const good = heard !== undefined && must.test(heard);
    if (!good) failed++;
    console.log(`${good ? "ok    " : "FAILED"} ${says}`);
  }
  return tellCounts({ passed: CHECKS.length - failed, failed });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
