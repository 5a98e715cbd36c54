// Labels of five people, as a view lends them to the words. Peers are one letter each.

import type { Labels } from "../../src/words/circle.ts";

export const NAMES: Readonly<Record<string, string>> = { a: "Alice", b: "Bob", c: "Carol", d: "Dora", e: "Eve" };

export const LABELS: Labels = {
  name: (peer) => NAMES[peer]!,
  who: (peer) => `${NAMES[peer]} [${peer}]`,
  reported: ({ peer, name }) => `${name || "somebody"} [${peer}]`,
  reportedName: (peer) => NAMES[peer] ?? "",
};
