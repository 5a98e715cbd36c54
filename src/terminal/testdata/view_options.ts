// Options of a view, for tests: nothing waits for a pace, and no time passes.

import type { ViewOptions } from "../view.ts";

export const VIEW_OPTIONS: ViewOptions = {
  colour: "auto",
  bell: false,
  notify: false,
  wall: () => 0,
  name: undefined,
  holdsPhrase: () => false,
  pace: { run: (work) => work(), flush: () => {} },
  after: () => () => {},
};
