// How a terminal is taken over and given back: what it is told, and told back. Pure. Out of scope: writing it (tty.ts).

/** What the terminal has been told and must be told back. */
export interface Modes {
  /** The alternate screen, with automatic wrapping off. */
  readonly screen: boolean;
  /** Bracketed paste. */
  readonly paste: boolean;
}

export function enterText({ screen, paste }: Modes): string {
  return (screen ? `\x1b[?1049h\x1b[?7l${WHEEL_OFF}\x1b[2J\x1b[H` : "") + (paste ? "\x1b[?2004h" : "");
}

export function leaveText({ screen, paste }: Modes): string {
  // The screen is cleared first, for terminals that have no second one (the Linux console). The terminal's own
  // scroll-back is the person's, and nothing of ours is in it.
  return (paste ? "\x1b[?2004l" : "") + (screen ? "\x1b[0m\x1b[2J\x1b[H\x1b[?7h\x1b[?1007r\x1b[?25h\x1b[?1049l" : "");
}

/** Everything off the terminal, its scroll-back too. */
export const WIPE_TEXT = "\x1b[H\x1b[2J\x1b[3J";

/** The wheel sends no arrows here, which would walk in the history: the mode is saved, and put back at the end. */
const WHEEL_OFF = "\x1b[?1007s\x1b[?1007l";
