// Text in whole words beside a head, for pages and lines on a terminal. Pure.

/** `head` on the first line, the text wrapped beside it to `width` columns; what continues is indented. */
export function wrap(head: string, text: string, width: number, indent = 28): string[] {
  const lines = [head];
  let first = true;
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (!first && line.length + 1 + word.length > width) lines.push(" ".repeat(indent) + word);
    else lines[lines.length - 1] = first ? line + word : `${line} ${word}`;
    first = false;
  }
  return lines;
}
