// The hidden prompt's words. Loaded before it stands: nothing else is in here.

export const PROMPT_TEXT = "Phrase (nothing shows while you type): ";
