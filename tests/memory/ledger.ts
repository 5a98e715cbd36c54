// Every secret of one product process that the scan knows, and whether the product should still hold it.
// Scope: the list. Out of scope: how a secret became known (friend.ts), the search (scan.ts).

import type { Forms } from "./needles.ts";

/** `live`: the product needs it now. `gone`: its owner has disposed it. `unknown`: it depends on timing, and is counted as live. */
export type State = "live" | "gone" | "unknown";

export interface Secret {
  /** A row of the table. */
  readonly kind: Kind;
  readonly bytes: Uint8Array;
  readonly forms: Forms;
  readonly text?: string;
  state: State;
}

/** In the order of the table; the models' names for them. */
export const KINDS = [
  "phrase as typed",
  "phrase",
  "phrase as typed, not ASCII",
  "phrase, not ASCII",
  "word numbers of the phrase",
  "H0 of Argon2id",
  "wBytes (Argon2id's output)",
  "w",
  "w*M, w*N",
  "x or y",
  "x*G or y*G, 8x or 8y",
  "KEM seed",
  "K",
  "transcript",
  "Ke, Ka",
  "KcA, KcB",
  "ctx",
  "ss",
  "root keys",
  "DH outputs",
  "DH private keys",
  "KEM seed of a renewal",
  "X25519 key of a renewal",
  "m of a renewal",
  "ss of a renewal",
  "chain keys",
  "message keys",
  "skipped keys",
  "message text",
] as const;
export type Kind = (typeof KINDS)[number];

export class Ledger {
  readonly secrets: Secret[] = [];
  readonly #known = new Map<string, Secret>();

  /** The same bytes of the same kind are one secret: the state given last counts. */
  learn(kind: Kind, bytes: Uint8Array, state: State, forms: Forms = "plain", text?: string): Secret {
    const key = `${kind} ${bytes.toHex()}`;
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.state = state;
      return known;
    }
    const secret: Secret = { kind, bytes: bytes.slice(), forms, state, ...(text === undefined ? {} : { text }) };
    this.secrets.push(secret);
    this.#known.set(key, secret);
    return secret;
  }

  /** All of these kinds. */
  set(state: State, ...kinds: readonly Kind[]): void {
    for (const secret of this.secrets) if (kinds.includes(secret.kind)) secret.state = state;
  }
}
