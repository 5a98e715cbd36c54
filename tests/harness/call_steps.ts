// The steps of a call to a friend at 192.0.2.7, for tests of what is made of them.

import type { CallStep } from "../../src/call.ts";

export const calling = { step: "connecting", address: "192.0.2.7" } as const satisfies CallStep;
export const connected = { step: "connected", address: "192.0.2.7" } as const satisfies CallStep;
export const secured = { step: "secured", familiar: true } as const satisfies CallStep;
export const strange = { step: "secured", familiar: false } as const satisfies CallStep;
export const offered = { step: "offered" } as const satisfies CallStep;
export const answered = { step: "answered" } as const satisfies CallStep;
export const closed = { step: "ended", why: "closed" } as const satisfies CallStep;
/** By way of a proxy, which is asked once it has taken the connection. */
export const proxied = { step: "proxy", address: { host: "127.0.0.1", port: 9050 } } as const satisfies CallStep;
export const asked = { step: "asked" } as const satisfies CallStep;

export function failed(why: (CallStep & { step: "failed" })["why"]): CallStep {
  return { step: "failed", address: "192.0.2.7", why };
}
