// A process for start_test.ts, run on a real terminal: hardens, then asks for every permission, as a foolish library might.

import { harden } from "../../src/host/harden.ts";

harden();
const answers: string[] = [];
for (const name of ["ffi", "read", "write", "env", "run", "sys", "net"] as const) {
  answers.push(`${name} ${(await Deno.permissions.request({ name })).state}`);
}
console.log(`answers: ${answers.join(", ")}.`);
await new Promise((resolve) => setTimeout(resolve, 60_000));
