// What one link's messages must not do (docs/PROTOCOL.md section 6): repeat an id, leave more chats unacknowledged than
// the honest sender does, name either of the two who talk in a circle, say `verify` a third time, or reveal a number
// other than the one committed to. Scope: what has to be remembered for that. Out of scope: the form of a message
// (wire).

import { opens } from "../auth/verification.ts";
import { MAX_UNCONFIRMED, SHOWN_IDS_PER_PEER, VERIFIES_MAX } from "../constants.ts";
import type { MessageId } from "../notice.ts";
import type { PeerId } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import { fromB32 } from "../wire/forms.ts";
import type { Message } from "../wire/message.ts";

export class Incoming {
  readonly #self: PeerId;
  readonly #peer: PeerId;
  /** Chats that came and have not been acknowledged yet; and the ids that came, the last ones. */
  readonly unacked = new Set<MessageId>();
  readonly #seen = new Set<MessageId>();
  #verifies = 0;

  constructor(self: PeerId, peer: PeerId) {
    this.#self = self;
    this.#peer = peer;
  }

  /** Throws ProtocolViolation. */
  take(message: Message): void {
    switch (message.type) {
      case "chat":
        return this.#chat(message.id);
      case "circle":
        // Sender and receiver are no others.
        if (message.with.some(({ peer }) => peer === this.#self || peer === this.#peer)) {
          throw new ProtocolViolation("circle");
        }
        return;
      case "verify":
        return this.#verify(message.commit, message.reveal);
    }
  }

  #chat(id: MessageId): void {
    if (this.#seen.has(id)) throw new ProtocolViolation("repeated id");
    if (this.unacked.size >= MAX_UNCONFIRMED) throw new ProtocolViolation("unacknowledged");
    this.#seen.add(id);
    this.unacked.add(id);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= SHOWN_IDS_PER_PEER) break;
      this.#seen.delete(oldest);
    }
  }

  #verify(commit: string, reveal: string): void {
    if (++this.#verifies > VERIFIES_MAX) throw new ProtocolViolation("repeated verify");
    const [sender, receiver] = [this.#peer, this.#self].map((peer) => Uint8Array.fromHex(peer));
    if (reveal !== "" && !opens(fromB32(commit), fromB32(reveal), sender!, receiver!)) {
      throw new ProtocolViolation("reveal");
    }
  }
}
