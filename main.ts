// The program's first page. The order matters: the process is hardened and every permission but the network is given
// back before any other code is loaded; the prompt appears before anything heavy is loaded.

import { harden } from "./src/host/harden.ts";

const host = harden();
const { boot } = await import("./src/cli/boot.ts");
Deno.exit(await boot(host, Deno.args));
