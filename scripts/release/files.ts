// A folder for as long as somebody works in it, and what is said of a file that was made.

import { sha256 } from "./failure.ts";

/** `using` removes it, with all that stands there. */
export class TemporaryFolder implements Disposable {
  readonly path: string;

  /** `what` it is for: part of its name. */
  constructor(what: string) {
    this.path = Deno.makeTempDirSync({ prefix: `sesame-${what}-` });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

export interface Measured {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export async function measured(path: string): Promise<Measured> {
  const bytes = await Deno.readFile(path);
  return { path, bytes: bytes.length, sha256: await sha256(bytes) };
}
