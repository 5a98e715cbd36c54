// A program of Windows for windows_test.ts: types into its own console by WriteConsoleInputW, then reads that as the product
// does, with its permissions given back, and says what came; at last whether the console's mode is the one of before.

import { harden } from "../../src/host/harden.ts";

const CONSOLE = {
  GetStdHandle: { parameters: ["u32"], result: "isize" },
  GetConsoleMode: { parameters: ["isize", "buffer"], result: "i32" },
  WriteConsoleInputW: { parameters: ["isize", "buffer", "u32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const kernel32 = Deno.dlopen("kernel32.dll", CONSOLE).symbols;
const handle = kernel32.GetStdHandle(0xffff_fff6);
function mode(): number {
  const into = new Uint32Array(1);
  kernel32.GetConsoleMode(handle, new Uint8Array(into.buffer));
  return into[0] ?? 0;
}

/** INPUT_RECORDs of keys that go down and up again: a character's code, or a virtual key, and the state of Alt and Ctrl. */
function type(keys: readonly (readonly [unit: number, virtualKey: number, state: number])[]): void {
  const records = new DataView(new ArrayBuffer(40 * keys.length));
  keys.forEach(([unit, virtualKey, state], i) => {
    for (const up of [0, 1]) {
      const at = 40 * i + 20 * up;
      records.setUint16(at, 1, true);
      records.setInt32(at + 4, 1 - up, true);
      records.setUint16(at + 8, 1, true);
      records.setUint16(at + 10, virtualKey, true);
      records.setUint16(at + 14, unit, true);
      records.setUint32(at + 16, state, true);
    }
  });
  kernel32.WriteConsoleInputW(handle, new Uint8Array(records.buffer), 2 * keys.length, new Uint8Array(4));
}

const before = mode();
const host = harden();
const { console: input } = host;
if (input === undefined) throw new Error("there is no console");
let ticks = 0;
const timer = setInterval(() => ticks++, 20);
input.raw(true);
const raw = mode();

const into = new Uint8Array(64);
let reading = input.read(into);
// Nothing has been typed: a read that kept the thread would keep these back.
while (ticks < 3) await new Promise((done) => setTimeout(done, 10));
const [high, low] = ["😀".charCodeAt(0), "😀".charCodeAt(1)] as const;
type([[0xe9, 0x45, 0], [high, 0, 0], [low, 0, 0], [3, 0x43, 8], [13, 0x0d, 2], [0, 0x7b, 0]]);
let got = "";
for (;;) {
  const length = await reading;
  got += new TextDecoder().decode(into.subarray(0, length));
  if (length === 0 || got.endsWith("~")) break;
  reading = input.read(into);
}
clearInterval(timer);
input.raw(false);
const same = mode() === before;
const line = { got, raw: raw !== before, same, ticks, permissions: host.facts.permissions };
// In ASCII, whatever the console makes of other characters.
const text = JSON.stringify(line).replace(/[^ -~]/gu, (c) => `<${c.codePointAt(0)?.toString(16)}>`);
await Deno.stdout.write(new TextEncoder().encode(`${text}\r\n`));
Deno.exit(0);
