// Two friends, and what a view is told of them, in as many words as a test needs.

import type { Hearing, Notice } from "../../notice.ts";

export const A: string = "3f2a91bc".padEnd(64, "0");
export const B: string = "b0b00000".padEnd(64, "1");

export function came(peer: string, address = "192.0.2.7:40112", direction: "in" | "out" = "in"): Notice {
  return { event: "connected", peer, direction, address };
}

export function named(peer: string, name: string): Notice {
  return { event: "named", peer, name };
}

export function message(peer: string, id: string, text: string): Notice & { event: "message" } {
  return { event: "message", peer, id, text };
}

/** A word of our own, to one friend and heard by everybody, unless more is said. */
export function sent(id: string, text: string, more: Partial<Notice & { event: "sent" }> = {}): Notice {
  return { event: "sent", id, peers: 1, to: [], unheard: [], without: [], private: false, text, ...more };
}

export function delivered(id: string, peer: string): Notice {
  return { event: "delivered", id, peer };
}

export function unconfirmed(id: string, peer: string): Notice {
  return { event: "unconfirmed", id, peer };
}

/** Who hears whom; what is left out is empty. */
export function hearing(more: Partial<Hearing>): Notice & { event: "hearing" } {
  const none = { everyone: false, settling: false, others: [], apart: [], disputed: [] };
  return { event: "hearing", hearing: { ...none, ...more } };
}
