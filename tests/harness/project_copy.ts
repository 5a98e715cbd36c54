// A copy of the project in a separate folder, in which a bug can be planted: what must fail fails there.
// Out of scope: the bugs, and what is run.

import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** The text that a bug takes the place of does not stand there, or not once. */
export class Unplantable extends Error {}

/** Owns the folder. */
export class ProjectCopy implements Disposable {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "sesame-copy-" });

  /** Of these files and folders, and of what every run needs. */
  constructor(...parts: readonly string[]) {
    for (const part of ["main.ts", "deno.json", "deno.lock", "src", ...parts]) {
      cpSync(`${ROOT}${part}`, `${this.folder}/${part}`, { recursive: true });
    }
  }

  /** Throws Unplantable unless `text` stands in the file exactly once. What it returns takes the bug out again. */
  plant(file: string, text: string | RegExp, bug: (text: string) => string): () => void {
    const path = `${this.folder}/${file}`;
    const source = Deno.readTextFileSync(path);
    const times = source.split(text).length - 1;
    if (times !== 1) throw new Unplantable(`what the bug is planted in stands in ${file} ${times} times`);
    Deno.writeTextFileSync(path, source.replace(text, bug));
    return () => Deno.writeTextFileSync(path, source);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}
