// What goes wrong in a build, in three parts like every error of Sesame. Scope: the type and the two ways to run a tool.

/** Its message is for the person who builds: what was being done, what went wrong, what to do next. */
export class BuildFailure extends Error {
  constructor(doing: string, wrong: string, next: string) {
    super(`${doing} ${wrong} ${next}`);
  }
}

export interface Ran {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a tool to its end, with `env` besides its own variables. One that is missing is a failure like any other. */
export async function run(
  command: string,
  args: readonly string[],
  cwd?: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  try {
    const output = await new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
      ...(cwd === undefined ? {} : { cwd }),
    }).output();
    const text = new TextDecoder();
    // Deno prints an empty stack behind its own errors.
    const stderr = text.decode(output.stderr).replace(/\n+Stack backtrace:\n[\s\S]*$/, "");
    return { success: output.success, stdout: text.decode(output.stdout), stderr };
  } catch (error) {
    return { success: false, stdout: "", stderr: error instanceof Error ? error.message : String(error) };
  }
}

/** Hexadecimal SHA-256. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
