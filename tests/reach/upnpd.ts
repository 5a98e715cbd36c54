// A real router's part: miniupnpd in the namespace of a home's router. Scope: starting it in each of its ways.

import { type Child, settles } from "../harness/child.ts";
import type { Place } from "../harness/netns.ts";
import type { Home } from "./homes.ts";

export interface UpnpdOptions {
  readonly pcp?: boolean;
  /** The longest lease that it grants, in seconds; above 120. */
  readonly lease?: number;
  /** Further lines of its configuration. */
  readonly lines?: readonly string[];
}

export class Upnpd implements AsyncDisposable {
  readonly #child: Child;
  readonly #dir: string;
  readonly #router: Place;

  private constructor(router: Place, dir: string) {
    this.#router = router;
    this.#dir = dir;
    this.#child = router.start("miniupnpd", ["-d", "-f", `${dir}/conf`, "-P", `${dir}/pid`]);
  }

  /** Everything that it wrote. */
  get said(): string {
    return this.#child.said;
  }

  /** Once it takes questions. */
  static async start(
    { router }: Home,
    { pcp = true, lease = 86_400, lines = [] }: UpnpdOptions = {},
  ): Promise<Upnpd> {
    const dir = await Deno.makeTempDir();
    await Deno.writeTextFile(
      `${dir}/conf`,
      [
        "ext_ifname=wire",
        "listening_ip=lan",
        `enable_pcp_pmp=${pcp ? "yes" : "no"}`,
        "enable_upnp=yes",
        "secure_mode=yes",
        "system_uptime=no",
        "min_lifetime=120",
        `max_lifetime=${lease}`,
        "http_port=5000",
        "uuid=00000000-0000-0000-0000-000000000001",
        `lease_file=${dir}/leases`,
        "ext_allow_private_ipv4=yes",
        ...lines,
        "allow 1024-65535 192.168.0.0/16 1024-65535",
        "deny 0-65535 0.0.0.0/0 0-65535",
        "",
      ].join("\n"),
    );
    const upnpd = new Upnpd(router, dir);
    // Its ports are open once it answers there.
    const udp = pcp ? ":14E7 " : ":076C ";
    const open = await settles(() => router.run("cat", ["/proc/net/udp"]).includes(udp), 5_000);
    if (!open) throw new Error(`miniupnpd: ${upnpd.said}`);
    return upnpd;
  }

  /** What it passes on now, as nft shows it. */
  passedOn(): string {
    const chain = this.#router.run("nft", ["list", "chain", "inet", "filter", "prerouting_miniupnpd"]);
    return chain.split("\n").filter((line) => line.includes("dnat")).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    await Deno.remove(this.#dir, { recursive: true });
  }
}
