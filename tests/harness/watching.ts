// For tests of what code does with bytes that it shows nobody: that a copy is wiped, that no string is made.

export interface Call {
  readonly self: unknown;
  readonly args: readonly unknown[];
  readonly result: unknown;
}

type Made = Float64Array | Uint8Array;

/** The typed arrays of that kind that are made, by their length, while `run` runs. */
export function arraysMade(name: "Float64Array" | "Uint8Array", run: () => void): Made[] {
  const real = globalThis[name];
  const made: Made[] = [];
  const watched = new Proxy(real, {
    construct(target, [length]: [number]) {
      const array = new target(length);
      made.push(array);
      return array;
    },
  });
  Object.assign(globalThis, { [name]: watched });
  try {
    run();
  } finally {
    Object.assign(globalThis, { [name]: real });
  }
  return made;
}

/** The calls of `prototype[name]`, own or inherited, while `run` runs. */
export function watching(prototype: object, name: string, run: () => void): Call[] {
  const own = Object.getOwnPropertyDescriptor(prototype, name);
  const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
  const calls: Call[] = [];
  const watched = function (this: unknown, ...args: unknown[]): unknown {
    const result = original.apply(this, args);
    calls.push({ self: this, args, result });
    return result;
  };
  Object.defineProperty(prototype, name, { value: watched, configurable: true, writable: true });
  try {
    run();
  } finally {
    if (own === undefined) Reflect.deleteProperty(prototype, name);
    else Object.defineProperty(prototype, name, own);
  }
  return calls;
}
