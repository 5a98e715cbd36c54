// The notes of a release: its chapter of CHANGELOG.md, and which files belong to it.

import { basename } from "node:path";
import type { Made } from "../compile.ts";
import { BuildFailure } from "./failure.ts";
import { short, type Source } from "./stage.ts";

/** Markdown. `commit` is absent where the checkout is none, or was changed. */
export function notes(changelog: string, built: readonly Made[], source: Source, commit: string | undefined): string {
  const chapter = newest(changelog);
  const files = built.map(({ path, kind, bytes, sha256 }) =>
    `| \`${basename(path)}\` | ${kind} | ${(bytes / 1e6).toFixed(1)} MB | \`${sha256}\` |`
  );
  return [
    `# Sesame ${chapter.title}`,
    "",
    "**Nobody outside has reviewed Sesame yet.** What it promises, and where each promise ends: docs/SECURITY.md.",
    "",
    chapter.text,
    "",
    "## Files",
    "",
    "| file | kind | size | SHA-256 |",
    "|---|---|---|---|",
    ...files,
    "",
    `Build ${short(source)}: SHA-256 of the source ${source.hash}, commit ${
      commit ?? "none (the checkout was changed)"
    }.`,
    "How to check a file, and how to build it again: docs/VERIFY.md.",
    "",
  ].join("\n");
}

/** The first chapter: its heading without marks, and its text. */
export function newest(changelog: string): { readonly title: string; readonly text: string } {
  const [, title = "", text = ""] = /^## (.+)\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(changelog) ?? [];
  if (title === "" || text.trim() === "") {
    throw new BuildFailure("Could not write release notes.", "CHANGELOG.md has no chapter.", "Add one.");
  }
  return { title, text: text.trim() };
}
