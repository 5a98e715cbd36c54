// Secrets are slots in one block of memory that is locked and wiped as a whole. Scope: the arena that hands out the
// slots, and the types that own them. Out of scope: FFI, algorithms, a way to print.
//
// Code that takes a slot disposes of it, with `using` wherever a scope can own it; passing a slot on lends it. A secret
// that is disposed of is zeroed at once and its slot goes back to the arena.

const HIDDEN = "[locked]";

/** No slot of that size is left. The bounds in constants.ts are chosen so that only a bug meets this. */
export class SecretsExhausted extends Error {
  override readonly name = "SecretsExhausted";
}

/**
 * Secret bytes in the arena. `bytes` is the slot itself, lent for one synchronous step: no copy of it may outlive the
 * step. Both accessors throw a TypeError once the secret is disposed. However it is printed, it prints `[locked]`.
 */
export class LockedBytes implements Disposable {
  #view: Uint8Array<ArrayBuffer> | undefined;
  readonly #pointer: number;
  readonly #release: () => void;

  /** Made by `Arena` only. `pointer` is the slot's offset in the memory that the crypto library works on. */
  constructor(view: Uint8Array<ArrayBuffer>, pointer: number, release: () => void) {
    this.#view = view;
    this.#pointer = pointer;
    this.#release = release;
    Object.freeze(this);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#view === undefined) throw new TypeError("a disposed secret was used");
    return this.#view;
  }

  /** For `crypto/` alone (the lint says so): what the library takes for an argument. */
  get pointer(): number {
    return this.bytes.byteLength === 0 ? 0 : this.#pointer;
  }

  get length(): number {
    return this.bytes.length;
  }

  get disposed(): boolean {
    return this.#view === undefined;
  }

  [Symbol.dispose](): void {
    const view = this.#view;
    if (view === undefined) return;
    this.#view = undefined;
    view.fill(0);
    this.#release();
  }

  toString(): string {
    return HIDDEN;
  }
  toJSON(): string {
    return HIDDEN;
  }
  [Symbol.toPrimitive](): string {
    return HIDDEN;
  }
  [Symbol.for("Deno.customInspect")](): string {
    return HIDDEN;
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return HIDDEN;
  }
}

/** 32 bytes of symmetric key: a root, chain, message or skipped key, or a scalar of the PAKE. */
export class LockedKey extends LockedBytes {}

/** An X25519 private key, 32 bytes. */
export class LockedDhSecret extends LockedBytes {}

/** How many slots of each size, ascending in size; the longest-lived first, since a low limit locks only the start. */
export type SlotClasses = readonly (readonly [size: number, count: number])[];

/** Bytes of arena that these classes take. */
export function arenaSize(classes: SlotClasses): number {
  return classes.reduce((sum, [size, count]) => sum + stride(size) * count, 0);
}

interface SlotClass {
  readonly size: number;
  readonly total: number;
  /** Offsets of the free slots; the last is taken next. */
  readonly free: number[];
}

/** Hands out zeroed slots of fixed sizes. A full class does not borrow from the next, so one use cannot starve another. */
export class Arena {
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #classes: SlotClass[] = [];
  #used = 0;

  /** `start` is the offset in `memory` at which the slots begin; `arenaSize(classes)` bytes from there must be free. */
  constructor(memory: Uint8Array<ArrayBuffer>, start: number, classes: SlotClasses) {
    this.#memory = memory;
    let at = start;
    for (const [size, count] of classes) {
      const free = Array.from({ length: count }, (_, i) => at + (count - 1 - i) * stride(size));
      this.#classes.push({ size, total: count, free });
      at += stride(size) * count;
    }
    if (at > memory.length) throw new RangeError("the arena is larger than its memory");
  }

  /** Slots taken and not yet disposed. */
  get used(): number {
    return this.#used;
  }

  /** Free slots of the class that holds `length` bytes. */
  available(length: number): number {
    return this.#classFor(length)?.free.length ?? 0;
  }

  /** Throws SecretsExhausted. */
  bytes(length: number): LockedBytes {
    return this.#take(length, (view, at, release) => new LockedBytes(view, at, release));
  }

  /** Throws SecretsExhausted. */
  key(): LockedKey {
    return this.#take(32, (view, at, release) => new LockedKey(view, at, release));
  }

  /** Throws SecretsExhausted. */
  dhSecret(): LockedDhSecret {
    return this.#take(32, (view, at, release) => new LockedDhSecret(view, at, release));
  }

  #classFor(length: number): SlotClass | undefined {
    return this.#classes.find((c) => c.size >= length);
  }

  #take<T>(length: number, make: (view: Uint8Array<ArrayBuffer>, at: number, release: () => void) => T): T {
    const from = this.#classFor(length);
    const at = from?.free.pop();
    if (from === undefined || at === undefined) throw new SecretsExhausted(`no free slot of ${length} bytes`);
    this.#used++;
    return make(this.#memory.subarray(at, at + length), at, () => {
      this.#used--;
      from.free.push(at);
    });
  }
}

/** Slots start on 16 bytes, which is as strict as any of the library's functions requires. */
function stride(size: number): number {
  return (size + 15) & -16;
}
