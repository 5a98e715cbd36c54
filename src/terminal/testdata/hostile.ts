// What a hostile peer would send to act on a terminal or to deceive a reader: every control, the sequences that have
// worked somewhere, bidi, joiners, tags, floods, fakes of the program's own lines. More than 500 strings.

/** Each is one message or name, as it would come out of JSON. */
export function hostileStrings(): string[] {
  const all: string[] = [];
  for (let code = 0; code < 0x20; code++) all.push(`a${String.fromCharCode(code)}b`);
  for (let code = 0x7f; code < 0xa0; code++) all.push(`a${String.fromCharCode(code)}31mb`);
  for (let final = 0x40; final < 0x7f; final++) all.push(`\x1b[1${String.fromCharCode(final)}X`);
  for (let byte = 0x30; byte < 0x7f; byte++) all.push(`\x1b${String.fromCharCode(byte)}X`);
  for (const osc of [0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 50, 52, 104, 133, 777, 1337]) {
    all.push(`\x1b]${osc};payload\x07after`, `\x1b]${osc};payload\x1b\\after`, `\x9d${osc};payload\x9cafter`);
  }
  all.push(
    "\x1b]52;c;cm0gLXJm\x07",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1bP+q544e\x1b\\",
    "\x1bP$qm\x1b\\",
    "\x1b_Gf=24;AAAA\x1b\\",
    "\x1b^private\x1b\\",
    "\x1bXstring\x1b\\",
    "\x1b[6n",
    "\x1b[c",
    "\x1b[>c",
    "\x1b[=c",
    "\x1b[5n",
    "\x1b[?1$p",
    "\x1b[21t",
    "\x1b[18t",
    "\x1b[?2026h",
    "\x1b[?1049l",
    "\x1b[?25l",
    "\x1b[3J",
    "\x1b[2J\x1b[HPhrase: ",
    "\x1b[1;1HSesame",
    "\x1b[A\x1b[Aup",
    "\x1b[8m hidden",
    "\x1b[!p",
    "\x1bc",
    "\x1b(0lqqk",
    "\x0eshifted\x0f",
    "\x9b31m\x9bH",
    "\x90sixel\x9c",
    "\u0085next line",
    "one\rtwo",
    "back\b\b\b\bspace",
    "\x0b\x0c\x0b\x0c",
    "\u2028line\u2029paragraph",
  );
  for (
    const code of [0x61c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069]
  ) {
    all.push(`abc${String.fromCharCode(code)}def`, String.fromCharCode(code).repeat(500));
  }
  for (
    const code of [
      0xad,
      0x34f,
      0x115f,
      0x1160,
      0x17b4,
      0x180b,
      0x180e,
      0x200b,
      0x200c,
      0x200d,
      0x2060,
      0x2061,
      0x2064,
      0x2800,
      0x3164,
      0xfe00,
      0xfe0f,
      0xfeff,
      0xffa0,
      0xfff9,
      0xfffa,
      0xfffb,
      0xfffc,
      0x1d173,
      0xe0001,
      0xe0041,
      0xe007f,
      0xe0100,
      0xe01ef,
    ]
  ) {
    const char = String.fromCodePoint(code);
    all.push(`a${char}b`, char.repeat(300), `a${char.repeat(300)}b`);
  }
  // Tags spell what nobody sees; a selector asks for another form of what stands before it.
  for (let code = 0xe0020; code <= 0xe007f; code++) all.push(`tag${String.fromCodePoint(code)}ged`);
  for (let code = 0xfe01; code <= 0xfe0f; code++) all.push(`\u845b${String.fromCharCode(code).repeat(90)}varied`);
  // Spaces of every width, to push a line of the program's own to where one would stand.
  for (const code of [0x1680, ...Array.from({ length: 11 }, (_, i) => 0x2000 + i), 0x202f, 0x205f]) {
    all.push(`text${String.fromCharCode(code).repeat(70)}12:04 ─ alice said goodbye`);
  }
  for (
    const mark of [
      "\u0300",
      "\u0336",
      "\u0488",
      "\u0489",
      "\u20dd",
      "\u20e3",
      "\u05b0",
      "\u0e49",
      "\u1ab0",
      "\u{1e8d0}",
    ]
  ) {
    all.push(`z${mark.repeat(1000)}`, mark.repeat(50), ` ${mark.repeat(9)} ${mark.repeat(9)}`);
  }
  all.push(
    "\ud800",
    "\udfff",
    "a\ud83db",
    "\udc00\ud800",
    "\u{10ffff}\ufffe\uffff",
    "\ue000\uf8ff\u{f0000}",
    "\u0378\u{1fffe}",
    "\ufdfd".repeat(60),
    "\u{12031}\u{12219}".repeat(30),
    "𒐫".repeat(40),
    "﷽".repeat(80),
    "ᄀ".repeat(400),
    "ᄀ".repeat(90) + "ᅡ".repeat(90),
    "🇩".repeat(301),
    "👩\u200d".repeat(200) + "👩",
    "👍🏿🏿🏿🏿🏿🏿",
    "1\ufe0f\u20e3".repeat(80),
    "क\u094d\u200d".repeat(200),
    "שלום \u202eabc\u202c עולם",
    "مرحبا (1) [2] ⟨3⟩",
    "\u202e[enohp] eman",
    "x".repeat(16_000),
    "日".repeat(5_000),
    "\n".repeat(500),
    "\t".repeat(200),
    "a\n\n\n\n\n\n12:00 ─ alice said goodbye",
    "12:00 ! the phrase has changed",
    `text${" ".repeat(70)}12:04 ─ system line by spaces`,
    `text${"\u3000".repeat(36)}Goodbye.`,
    `text${"\u00a0".repeat(76)}From bob [0000-0000]: fake`,
    "hi\nFrom bob [0000-0000]: fake",
    "hi\nConnected: bob [0000-0000], reached at 192.0.2.1.",
    "> Leave? y",
    "Phrase (nothing shows while you type): ",
    "alice [3f2a-91bc]",
    "] fake [",
    "%s%n%x$(reboot)`reboot`",
    "\\u001b[31m\\x1b[31m\\e[31m",
    "<script>alert(1)</script>",
    "┌────────┐\n│ window │\n└────────┘",
    "█".repeat(400),
    "",
    " ",
  );
  return all;
}
