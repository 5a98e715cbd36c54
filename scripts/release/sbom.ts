// What is inside a file, as a CycloneDX list: made by npm (`npm sbom`) from a package.json of exactly the packages that the
// program imports and the runtimes, and compared with the hashes of deno.lock, by which Deno fetched them, and of targets.ts.
// Also in scope: taking out what would differ from one run to the next.

import { TemporaryFolder } from "./files.ts";
import { join } from "node:path";
import { BuildFailure, run } from "./failure.ts";
import { ROOT, short, type Source } from "./stage.ts";
import { DENO_VERSION, RUNTIMES } from "./targets.ts";

interface Component {
  readonly name: string;
  readonly version: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

interface Bom {
  serialNumber?: string;
  readonly metadata: { timestamp?: string; readonly component: { name: string } & Record<string, unknown> };
  readonly components: readonly Component[];
}

/** JSON text, the same for the same source and version of npm. */
export async function sbom(source: Source): Promise<string> {
  using folder = new TemporaryFolder("sbom");
  const runtimes = RUNTIMES.map((runtime) => [runtime.package, DENO_VERSION]);
  const version = /^## ([\d.]+)/m.exec(await Deno.readTextFile(join(ROOT, "CHANGELOG.md")))?.[1] ?? "0.0.0";
  const description = {
    name: "sesame",
    version,
    license: "MIT",
    private: true,
    dependencies: Object.fromEntries(source.packages.map(split)),
    // Each is for one kind of machine, and npm refuses another's as a plain dependency.
    optionalDependencies: Object.fromEntries(runtimes),
  };
  await Deno.writeTextFile(join(folder.path, "package.json"), JSON.stringify(description));
  const lock = ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"];
  for (const args of [lock, ["sbom", "--package-lock-only", "--sbom-format=cyclonedx", "--sbom-type=application"]]) {
    const { success, stdout, stderr } = await run("npm", args, folder.path);
    if (!success) {
      throw new BuildFailure("Could not list what is inside.", stderr.trim(), "npm must reach its registry.");
    }
    if (args !== lock) return await cleaned(JSON.parse(stdout) as Bom, source);
  }
  throw new BuildFailure("Could not list what is inside.", "npm said nothing.", "Try again.");
}

function split(nameAndVersion: string): readonly [string, string] {
  const at = nameAndVersion.lastIndexOf("@");
  return [nameAndVersion.slice(0, at), nameAndVersion.slice(at + 1)];
}

async function cleaned(bom: Bom, source: Source): Promise<string> {
  const { npm } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.lock"))) as {
    npm: Record<string, { integrity: string }>;
  };
  for (const { name, version, hashes = [] } of bom.components) {
    const runtime = RUNTIMES.find((r) => r.package === name)?.integrity;
    const locked = npm[`${name}@${version}`]?.integrity ?? runtime;
    if (locked === undefined) {
      throw new BuildFailure(`Refused ${name}@${version}.`, "Nothing here has its hash.", "Find out where it is from.");
    }
    const hex = Uint8Array.fromBase64(locked.replace("sha512-", "")).toHex();
    if (!hashes.some(({ alg, content }) => alg === "SHA-512" && content === hex)) {
      throw new BuildFailure(
        `Refused ${name}@${version}.`,
        "npm and this source have different hashes.",
        "Find out why.",
      );
    }
  }
  delete bom.serialNumber;
  delete bom.metadata.timestamp;
  bom.metadata.component.name = "sesame";
  bom.metadata.component.properties = [
    { name: "sesame:build", value: short(source) },
    { name: "sesame:source:sha256", value: source.hash },
    ...RUNTIMES.map((runtime) => ({ name: `sesame:runtime:${runtime.package}:sha256`, value: runtime.sha256 })),
  ];
  return `${JSON.stringify(bom, null, 2)}\n`;
}
