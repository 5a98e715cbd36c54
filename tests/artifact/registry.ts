// An npm registry on loopback with one package more than the real one: `sesame-chat` as it was packed. It passes on
// Deno's package for this system as npm fetched it; for the other systems it has stand-ins, so that nobody downloads
// 200 MB to see which one npm takes. So `npm install -g sesame-chat` is tried as people type it. Out of scope: what is
// tried (npm_test.ts).

import { join } from "node:path";
import { DENO_VERSION, type Runtime, RUNTIMES } from "../../scripts/release/targets.ts";

export class Registry implements AsyncDisposable {
  /** What npm has asked for, in order. */
  readonly asked: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #tarballs: Record<string, Promise<string>> = {};
  readonly #folder = Deno.makeTempDirSync({ prefix: "sesame-registry-" });
  readonly #own: { readonly tarball: string; readonly description: Record<string, unknown> };
  readonly #real: string | undefined;

  /** `tarball`: the package as npm packed it. `real`: the runtime that is no stand-in. */
  constructor(tarball: string, real?: string) {
    const { stdout } = new Deno.Command("tar", { args: ["-xzOf", tarball, "package/package.json"] }).outputSync();
    const description = JSON.parse(new TextDecoder().decode(stdout)) as Record<string, unknown>;
    this.#own = { tarball, description };
    this.#real = real;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #answer(request: Request): Promise<Response> {
    const path = decodeURIComponent(new URL(request.url).pathname).slice(1);
    this.asked.push(path);
    if (path === this.#own.description.name) return await this.#about(this.#own.description, this.#own.tarball);
    if (path === "own.tgz") return file(this.#own.tarball);
    const runtime = RUNTIMES.find((r) => path === r.package || path === `${r.package}.tgz`);
    if (runtime === undefined) return new Response("not found", { status: 404 });
    if (path.endsWith(".tgz")) return file(await this.#tarball(runtime));
    return await this.#about({ name: runtime.package, version: DENO_VERSION, ...systemOf(runtime) }, runtime);
  }

  /** What a registry says about a package with one version. */
  async #about(description: Record<string, unknown>, from: string | Runtime): Promise<Response> {
    const { name, version } = description as { name: string; version: string };
    const own = typeof from === "string";
    const integrity = await sha512(await Deno.readFile(own ? from : await this.#tarball(from)));
    const dist = { tarball: this.url + (own ? "own.tgz" : `${name}.tgz`), integrity };
    const versions = { [version]: { ...description, dist } };
    return Response.json({ name, "dist-tags": { latest: version }, versions });
  }

  #tarball(runtime: Runtime): Promise<string> {
    return this.#tarballs[runtime.package] ??= runtime.package === this.#real
      ? this.#fetched(runtime)
      : this.#standIn(runtime);
  }

  /** The real package, by npm from wherever it is set up to fetch. */
  async #fetched({ package: name }: Runtime): Promise<string> {
    const args = ["pack", "--json", "--pack-destination", this.#folder, `${name}@${DENO_VERSION}`];
    const { stdout } = await new Deno.Command("npm", { args, stdin: "null", stderr: "null" }).output();
    const [{ filename }] = JSON.parse(new TextDecoder().decode(stdout)) as [{ filename: string }];
    return join(this.#folder, filename);
  }

  async #standIn(runtime: Runtime): Promise<string> {
    const folder = join(this.#folder, "stand-in", runtime.package);
    const tarball = `${folder}.tgz`;
    const about = { name: runtime.package, version: DENO_VERSION, ...systemOf(runtime) };
    await Deno.mkdir(join(folder, "package"), { recursive: true });
    await Deno.writeTextFile(join(folder, "package/package.json"), JSON.stringify(about));
    await new Deno.Command("tar", { args: ["-czf", tarball, "-C", folder, "package"] }).output();
    return tarball;
  }
}

/** As Deno's own packages say it. */
function systemOf({ package: name }: Runtime): Record<string, readonly string[]> {
  const [, os = "", cpu = "", libc] = /^@deno\/(\w+)-(\w+)(?:-(\w+))?$/.exec(name) ?? [];
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) };
}

async function file(path: string): Promise<Response> {
  return new Response((await Deno.open(path)).readable);
}

async function sha512(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha512-${new Uint8Array(await crypto.subtle.digest("SHA-512", bytes)).toBase64()}`;
}
