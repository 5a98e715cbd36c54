// Bugs to plant, so that it can be shown that the simulation finds them. Each changes a class of the product from outside,
// in this process only; the product has no branch for any of them.

import { Disputes, Teller } from "../../src/peers/circle.ts";
import { Friend, Friends } from "../../src/peers/friend.ts";
import type { Connection } from "../../src/peers/connection.ts";
import { Introductions } from "../../src/peers/introductions.ts";
import { Ratchet } from "../../src/ratchet/ratchet.ts";
import { Session } from "../../src/session/step.ts";
import type { Message } from "../../src/wire/message.ts";

type Step = Session["step"];

/** Which bug, and the rule that it breaks. */
export const PLANTED: Readonly<Record<string, { readonly breaks: string; readonly plant: () => void }>> = {
  "glare-reversed": {
    breaks: "to be kept is the connection dialled by the smaller PeerId, not the larger (section 8)",
    plant: () => keepInstead((friend) => dialledBy(friend, false) ?? friend.connections.at(-1)),
  },
  "glare-by-one": {
    breaks: "both sides keep the same one: here each keeps the one that it dialled itself (section 8)",
    plant: () =>
      keepInstead((friend) =>
        friend.connections.findLast(({ role }) => role === "dialer") ?? friend.connections.at(-1)
      ),
  },
  "no-settle-timeout": {
    breaks: "the one to be kept is dropped if it brings nothing for 5 s (section 8)",
    plant: () =>
      eachFriend((friend) => Object.defineProperty(friend, "settleAt", { get: () => Infinity, set: () => {} })),
  },
  "ack-before-shown": {
    breaks: "an ack is sent after the text is on the screen, never before (section 6)",
    plant: () =>
      stepInstead((step) =>
        function (event, now, entropy) {
          const effects = step.call(this, event, now, entropy);
          for (const effect of effects) {
            if (effect.type !== "received" || effect.message.type !== "chat") continue;
            step.call(this, { type: "shown", id: effect.message.id }, now, entropy);
          }
          return effects;
        }
      ),
  },
  "moved-out-of-order": {
    breaks: "unconfirmed messages move in order (section 8)",
    plant() {
      const submitted = new Set<string>();
      const moved = new WeakMap<Session, Message[]>();
      stepInstead((step) =>
        function (event, now, entropy) {
          if (event.type === "submit" && event.message.type === "chat") {
            const { id } = event.message;
            // It counts as moved, too, what is said to a second friend: then a burst is turned round. Both are found.
            const again = submitted.has(id);
            submitted.add(id);
            if (again) {
              moved.set(this, [...moved.get(this) ?? [], event.message]);
              return [];
            }
          }
          const held = moved.get(this);
          moved.delete(this);
          for (const message of held?.reverse() ?? []) step.call(this, { type: "submit", message }, now, entropy);
          return step.call(this, event, now, entropy);
        }
      );
    },
  },
  "not-moved": {
    breaks: "unconfirmed messages move to the connection to be kept (section 8)",
    plant: () =>
      eachFriend((friend) => {
        const { outbox } = friend;
        const all = outbox[Symbol.iterator];
        // Whoever moves messages has put a connection in use first; whoever reports them has not.
        Object.assign(outbox, {
          [Symbol.iterator]: () => friend.inUse === undefined ? all.call(outbox) : [][Symbol.iterator](),
        });
      }),
  },
  "shown-twice": {
    breaks: "an id that was shown is remembered (section 6)",
    plant() {
      Friend.prototype.markShown = function (id) {
        this.showing.delete(id);
      };
    },
  },
  "typing-sends": {
    breaks: "cells leave on the tick, never because somebody typed (section 7)",
    plant: () =>
      stepInstead((step) =>
        function (event, now, entropy) {
          const effects = step.call(this, event, now, entropy);
          if (event.type !== "submit" || this.phase !== "live") return effects;
          return [...effects, ...step.call(this, { type: "time", unsent: 0 }, Math.max(now, this.deadline), entropy)];
        }
      ),
  },
  "endless-bye": {
    breaks: "who said bye closes after 2 s at the latest (section 6); a found bug: each tick sent another bye",
    plant: () =>
      stepInstead((step) =>
        function (event, now, entropy) {
          const effects = step.call(this, event, now, entropy);
          return effects.filter((effect) => !(effect.type === "close" && effect.reason === "bye"));
        }
      ),
  },
  "renewal-unanswered": {
    breaks: "a listener answers a key with a ciphertext in its next cell (section 4)",
    plant() {
      const { due } = Ratchet.prototype;
      Ratchet.prototype.due = function (entropy) {
        const cell = due.call(this, entropy);
        return cell?.kind === "ciphertext" ? undefined : cell;
      };
    },
  },
  "renewal-unread": {
    breaks: "a ciphertext begins the dialer's next epoch (section 4)",
    plant() {
      const { take } = Ratchet.prototype;
      Ratchet.prototype.take = function (opened, cell, entropy) {
        if (cell.kind !== "ciphertext") take.call(this, opened, cell, entropy);
      };
    },
  },
  "circle-once": {
    breaks: "a friend is told anew when somebody comes or goes (section 6)",
    plant() {
      const { next, begun } = Teller.prototype;
      const told = new WeakSet<Teller>();
      Teller.prototype.next = function (...args) {
        return told.has(this) ? "nothing" : next.apply(this, args);
      };
      Teller.prototype.begun = function (...args) {
        told.add(this);
        begun.apply(this, args);
      };
    },
  },
  "liar-believed": {
    breaks: "a contradiction that has lasted is told (section 6)",
    plant() {
      Disputes.prototype.look = () => [];
    },
  },
  "met-without-yes": {
    breaks: "nobody is called for an introduction whom our person has not agreed to (section 8)",
    plant() {
      const { introduced } = Introductions.prototype;
      Introductions.prototype.introduced = function (from, message, situation, now) {
        this.agree(message.peer, situation, now);
        introduced.call(this, from, message, situation, now);
      };
    },
  },
};

/** Throws for a name that is none. */
export function plant(name: string): void {
  const bug = PLANTED[name];
  if (bug === undefined) throw new RangeError(`no such bug: ${name}; there are ${Object.keys(PLANTED).join(", ")}`);
  bug.plant();
}

function keepInstead(toKeep: (friend: Friend) => Connection | undefined): void {
  Object.defineProperty(Friend.prototype, "toKeep", {
    get(this: Friend) {
      return toKeep(this);
    },
  });
}

function dialledBy(friend: Friend, smaller: boolean): Connection | undefined {
  return friend.connections.findLast(({ role }) => ((role === "dialer") === (friend.self < friend.peer)) === smaller);
}

/** Changes every friend once, when it is met first. */
function eachFriend(change: (friend: Friend) => void): void {
  const { meet } = Friends.prototype;
  const changed = new WeakSet<Friend>();
  Friends.prototype.meet = function (peer) {
    const friend = meet.call(this, peer);
    if (!changed.has(friend)) change(friend);
    changed.add(friend);
    return friend;
  };
}

function stepInstead(wrap: (step: Step) => (this: Session, ...args: Parameters<Step>) => ReturnType<Step>): void {
  Session.prototype.step = wrap(Session.prototype.step);
}
