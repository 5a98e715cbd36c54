// What Jazzer.js loads, under node: the target that stands in $SESAME_FUZZ_TARGET, a bundle made by fuzz/runner/jazzer.ts.
// Node 20 lacks a few functions that Deno has, and a class; what the product uses of them is made up for here.

import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import process from "node:process";

Uint8Array.fromHex ??= (hex) => new Uint8Array(Buffer.from(hex, "hex"));
// Of texts that a pattern has looked at: Buffer is lenient.
Uint8Array.fromBase64 ??= (text, { alphabet } = {}) =>
  new Uint8Array(Buffer.from(text, alphabet === "base64url" ? "base64url" : "base64"));
Uint8Array.prototype.toHex ??= function () {
  return Buffer.from(this).toString("hex");
};
Uint8Array.prototype.toBase64 ??= function ({ alphabet, omitPadding } = {}) {
  const text = Buffer.from(this).toString(
    alphabet === "base64url" ? "base64url" : "base64",
  );
  return omitPadding ? text.replace(/=+$/, "") : text;
};
globalThis.navigator ??= {};
globalThis.DisposableStack ??= class {
  #owned = [];
  use(value) {
    if (value != null) this.#owned.push(() => value[Symbol.dispose]());
    return value;
  }
  defer(run) {
    this.#owned.push(run);
  }
  adopt(value, run) {
    this.#owned.push(() => run(value));
    return value;
  }
  move() {
    const other = new DisposableStack();
    for (const run of this.#owned.splice(0)) other.defer(run);
    return other;
  }
  dispose() {
    for (const run of this.#owned.splice(0).reverse()) run();
  }
  [Symbol.dispose]() {
    this.dispose();
  }
};

const { make } = createRequire(import.meta.url)(process.env.SESAME_FUZZ_TARGET);
const run = await make();

/** A copy in a Uint8Array: a Buffer's `slice` is another function. */
export function fuzz(data) {
  run(new Uint8Array(data));
}
