// The program's first page. The order is the point: the process is hardened and every permission but the network given
// back before any other code is loaded; the prompt stands before anything heavy is.

import { harden } from "./src/host/harden.ts";

const host = harden();
const { boot } = await import("./src/cli/boot.ts");
Deno.exit(await boot(host, Deno.args));
