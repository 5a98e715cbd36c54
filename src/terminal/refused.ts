// When a refused call has ended, its problem follows right after the refusal and says everything: one line is enough.

import type { Notice } from "../notice.ts";

/** The call that was refused just before, if this notice says all of it. */
export function saidBy<Call extends { readonly address: string }>(
  notice: Notice,
  refused: Call | undefined,
): Call | undefined {
  return refused !== undefined && notice.event === "problem" && notice.doing.includes(refused.address)
    ? refused
    : undefined;
}
