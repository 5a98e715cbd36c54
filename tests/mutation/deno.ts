// Where mutation testing works, and how it calls `deno`. Out of scope: what for.

import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const DIST = `${ROOT}dist/mutate`;

/** `line` is told each line of the output as it comes; `signal` ends the process. */
export async function runDeno(
  args: readonly string[],
  cwd: string,
  line: (text: string) => void = () => {},
  signal?: AbortSignal,
): Promise<{ readonly code: number; readonly stdout: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    ...(signal === undefined ? {} : { signal }),
  }).spawn();
  let stdout = "";
  let begun = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += text;
    const lines = (begun + text).split("\n");
    begun = lines.pop()!;
    lines.forEach(line);
  }
  return { code: (await child.status).code, stdout };
}
