// A machine whose kernel has no IPv6 at all, as some harden theirs: without_ipv6.py plays it.

import { deliver, PHRASE } from "../harness/process_pair.ts";
import { Sesame } from "../harness/process.ts";
import { hasProgram } from "../harness/product.ts";

const played = Deno.build.os === "linux" && Deno.build.arch === "x86_64" && hasProgram("python3");
const SCRIPTED = ["--json", "--phrase-fd", "0", "--interval", "50"];

Deno.test({
  name: "without IPv6 every interface is every one of IPv4: listen takes calls, and connect makes them",
  ignore: !played,
  async fn() {
    const script = new URL("without_ipv6.py", import.meta.url).pathname;
    const shell = `exec python3 '${script}' "$@"`;
    await using one = await Sesame.start(["listen", "0", ...SCRIPTED], { phrase: PHRASE, shell });
    const { address } = await one.event("listening");
    const port = String(address).split(":").at(-1);
    await using two = await Sesame.start(["connect", `127.0.0.1:${port}`, ...SCRIPTED], { phrase: PHRASE, shell });
    await two.event("connected", 60_000);
    await deliver(two, one, "over IPv4");
  },
});
