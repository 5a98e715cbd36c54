// A program run to its end, and what it wrote, as text. Out of scope: interactive programs (child.ts).

export interface Ran {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, first the output. */
  readonly said: string;
}

/** Its standard input is `input` and then ends. */
export interface RunOptions extends Pick<Deno.CommandOptions, "cwd" | "env" | "clearEnv" | "signal"> {
  readonly input?: string;
}

/** The program and its arguments. Throws where there is no such program. */
export async function ran([program = "", ...args]: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { input, ...rest } = options;
  const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  return await ended(new Deno.Command(program, { args, ...rest, ...pipes }).spawn(), input);
}

/** The same of one that has been started with pipes. */
export async function ended(child: Deno.ChildProcess, input = ""): Promise<Ran> {
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const output = await child.output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code: output.code, signal: output.signal, stdout: stdout!, stderr: stderr!, said: stdout! + stderr! };
}
