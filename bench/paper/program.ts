// What programs need around them, and what a process takes from the machine. Out of scope: which programs (ssh.ts,
// wormhole.ts), how they are started and waited for (tests/harness).

/** The path of a command, also where only root looks for one. */
export async function pathOf(command: string): Promise<string | undefined> {
  const { success, stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", `PATH="$PATH:/usr/sbin:/sbin" command -v ${command}`],
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trim() : undefined;
}

// --- What a process takes -------------------------------------------------------------------------------------------

/** In MiB. */
export interface Memory {
  readonly rss: number;
  /** Of it, what is no file's: no other process can share it. */
  readonly own: number;
}

/**
 * The memory of one process, or of several of one program: every page of their own, and the pages of files (code,
 * mostly) of the one that has most of them, once. Not PSS, since whoever measures runs on the same runtime as what is
 * measured, and PSS would count its pages by half.
 * Throws where the system does not say (another user's process, no /proc).
 */
export function memoryOf(...pids: readonly number[]): Memory {
  let [own, files] = [0, 0];
  for (const pid of pids) {
    const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
    const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)![1]);
    own += kib("Anonymous");
    files = Math.max(files, kib("Rss") - kib("Anonymous"));
  }
  return { rss: (own + files) / 1024, own: own / 1024 };
}

/** A process and everything below it. */
export function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const family = [pid];
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child);
  return family;
}

const libc = Deno.build.os === "linux"
  ? Deno.dlopen("libc.so.6", { clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } })
  : undefined;

/** Milliseconds of CPU that a process has used, to the nanosecond: /proc counts in hundredths of a second. */
export function cpuMs(pid: number): number {
  const time = new BigInt64Array(2);
  // clock_getcpuclockid(3): the process's number inverted, and 2 for time as the scheduler counts it.
  if (libc?.symbols.clock_gettime((~pid << 3) | 2, time) !== 0) throw new Error(`no CPU time of process ${pid}`);
  return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
}
