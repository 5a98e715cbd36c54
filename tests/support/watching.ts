// For tests of what code does with bytes that it shows nobody: that a copy is wiped, that no string is made.

export interface Call {
  readonly self: unknown;
  readonly args: readonly unknown[];
  readonly result: unknown;
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
