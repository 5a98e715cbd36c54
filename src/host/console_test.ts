import assert from "node:assert/strict";
import { ConsoleKeys, RECORD_SIZE } from "./console.ts";

interface Key {
  readonly virtualKey?: number;
  readonly unit?: number;
  readonly state?: number;
  readonly down?: boolean;
  readonly repeat?: number;
  readonly type?: number;
}

/** INPUT_RECORDs as Windows lays them out. */
function records(keys: readonly Key[]): DataView {
  const view = new DataView(new ArrayBuffer(RECORD_SIZE * keys.length));
  keys.forEach(({ virtualKey = 0, unit = 0, state = 0, down = true, repeat = 1, type = 1 }, i) => {
    const at = i * RECORD_SIZE;
    view.setUint16(at, type, true);
    view.setInt32(at + 4, down ? 1 : 0, true);
    view.setUint16(at + 8, repeat, true);
    view.setUint16(at + 10, virtualKey, true);
    view.setUint16(at + 14, unit, true);
    view.setUint32(at + 16, state, true);
  });
  return view;
}

function typed(...keys: readonly Key[]): string {
  const into = new Uint8Array(256);
  const { length } = new ConsoleKeys().decode(records(keys), keys.length, into);
  return new TextDecoder("utf-8", { fatal: true }).decode(into.subarray(0, length));
}

const units = (text: string): Key[] => Array.from({ length: text.length }, (_, i) => ({ unit: text.charCodeAt(i) }));
const RIGHT_ALT = 1, LEFT_ALT = 2, LEFT_CTRL = 8, SHIFT = 16;

Deno.test("characters of every length come as UTF-8, also those in two records, whenever the records come", () => {
  assert.equal(typed(...units("aé€😀漢")), "aé€😀漢");
  const keys = new ConsoleKeys();
  const into = new Uint8Array(16);
  const [high, low] = units("😀") as [Key, Key];
  assert.equal(keys.decode(records([high]), 1, into).length, 0);
  assert.equal(
    keys.decode(records([{ ...high, down: false }]), 1, into).length,
    0,
    "a key that goes up changes nothing",
  );
  assert.equal(keys.decode(records([low]), 1, into).length, 4);
  assert.equal(new TextDecoder().decode(into.subarray(0, 4)), "😀");
  assert.equal(typed(low, { unit: 0x61 }), "a", "half a character is none");
  assert.equal(typed(high, { unit: 0x61 }, low), "a");
});

Deno.test("keys without a character come as the sequences of xterm", () => {
  const cases: [Key, string][] = [
    [{ virtualKey: 0x7b }, "\x1b[24~"],
    [{ virtualKey: 0x7b, state: SHIFT }, "\x1b[24;2~"],
    [{ virtualKey: 0x71 }, "\x1bOQ"],
    [{ virtualKey: 0x26 }, "\x1b[A"],
    [{ virtualKey: 0x25, state: LEFT_CTRL }, "\x1b[1;5D"],
    [{ virtualKey: 0x2e }, "\x1b[3~"],
    [{ virtualKey: 0x09, unit: 9, state: SHIFT }, "\x1b[Z"],
    [{ virtualKey: 0x08, unit: 8 }, "\x7f"],
    [{ virtualKey: 0x08, unit: 0x7f, state: LEFT_CTRL }, "\x17"],
    [{ virtualKey: 0x0d, unit: 13 }, "\r"],
    [{ virtualKey: 0x0d, unit: 13, state: LEFT_ALT }, "\x1b\r"],
    [{ virtualKey: 0x43, unit: 3, state: LEFT_CTRL }, "\x03"],
    [{ virtualKey: 0xdc, unit: 0x1c, state: LEFT_CTRL }, "\x1c"],
    [{ virtualKey: 0xdc, state: LEFT_CTRL }, "\x1c"],
    [{ virtualKey: 0x10 }, ""],
  ];
  for (const [key, bytes] of cases) assert.equal(typed(key), bytes, JSON.stringify(key));
});

Deno.test("AltGr makes characters, Alt puts ESC before them, and a character typed by its number comes with Alt going up", () => {
  assert.equal(typed({ unit: 0x40, state: RIGHT_ALT | LEFT_CTRL }), "@");
  assert.equal(typed({ unit: 0x62, state: LEFT_ALT }), "\x1bb");
  assert.equal(typed({ virtualKey: 0x12, unit: 0xe9, down: false }), "é");
  assert.equal(typed({ unit: 0x61, down: false }), "");
});

Deno.test("a key that is held down counts as often as it says, as far as there is room", () => {
  assert.equal(typed({ unit: 0x78, repeat: 3 }, { unit: 0x79 }), "xxxy");
  const into = new Uint8Array(24);
  const { length } = new ConsoleKeys().decode(records([{ unit: 0xe9, repeat: 65_535 }, { unit: 0x61 }]), 2, into);
  assert.equal(new TextDecoder("utf-8", { fatal: true }).decode(into.subarray(0, length)), "éééa");
});

Deno.test("other records are no keys; one says that the window has another size", () => {
  const into = new Uint8Array(32);
  const seen = (type: number) => new ConsoleKeys().decode(records([{ type, unit: 0x61 }]), 1, into);
  for (const type of [0x2, 0x8, 0x10]) assert.deepEqual(seen(type), { length: 0, resized: false });
  assert.deepEqual(seen(0x4), { length: 0, resized: true });
});
