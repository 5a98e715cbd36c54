// Where a refused call has ended, its problem comes right behind the refusal and says all of it: one line is enough.

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
