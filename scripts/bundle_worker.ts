// Bundles src/crypto/argon2id_worker.ts into text that the program can start from a data: URL.
// `--check` compares instead of writing, and exits 1 if the text is not what the source gives.

const SOURCE = "src/crypto/argon2id_worker.ts";
const TARGET = "src/crypto/argon2id_worker.generated.ts";

const bundle = await new Deno.Command(Deno.execPath(), {
  args: ["bundle", "--quiet", "--minify", "--platform", "browser", SOURCE],
  stdout: "piped",
  stderr: "inherit",
}).output();
if (!bundle.success) Deno.exit(1);
const text = `// Made by scripts/bundle_worker.ts from ${SOURCE}; not edited by hand.\n` +
  `export const ARGON2ID_WORKER: string = ${JSON.stringify(new TextDecoder().decode(bundle.stdout))};\n`;

if (Deno.args.includes("--check")) {
  if (await Deno.readTextFile(TARGET).catch(() => "") !== text) {
    console.error(`${TARGET} is not what ${SOURCE} gives. Run: deno task check worker`);
    Deno.exit(1);
  }
} else await Deno.writeTextFile(TARGET, text);
