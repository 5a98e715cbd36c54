// The time that this thread has had on the processor. Wall-clock time also counts what others do on the machine, and
// any rule for filtering that out would also remove what is being looked for: work that only seldom takes longer.

/** Milliseconds; where the system is not Linux, or FFI is not allowed, those of the wall. */
export const cpuMs: () => number = threadClock() ?? (() => performance.now());

function threadClock(): (() => number) | undefined {
  if (Deno.build.os !== "linux") return undefined;
  for (const name of ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"]) {
    try {
      const { symbols } = Deno.dlopen(name, { clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } });
      const time = new BigInt64Array(2); // struct timespec of a 64-bit system: seconds, nanoseconds
      return () => {
        symbols.clock_gettime(CLOCK_THREAD_CPUTIME_ID, time);
        return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
      };
    } catch {
      // The next name; or none, and then the wall's clock has to do.
    }
  }
  return undefined;
}

const CLOCK_THREAD_CPUTIME_ID = 3;
