// Circles in the simulation: friends who lie in them, and what each process must think once all is quiet. The latter is
// a separate reading of docs/PROTOCOL.md section 6, based on who is connected with whom and who lies how.

import type { Hearing } from "../../src/notice.ts";
import type { PeerId } from "../../src/ports.ts";
import { Session } from "../../src/session/step.ts";
import { type CircleMessage, inCircleOrder, type Member, type Message } from "../../src/wire/message.ts";

/** What of a circle is not so: the first member is left out, or somebody is named who does not exist. */
export type Lie = "leaves out" | "invents";

const NOBODY: PeerId = "ff".repeat(32);

/** How the process lies whose step is under way. */
let lying: Lie | undefined;
/** By what was said instead: a liar's core thinks that it has told the truth, and is silent until that changes. */
const truths = new WeakMap<Message, CircleMessage>();
{
  const { step } = Session.prototype;
  Session.prototype.step = function (event, now, entropy) {
    let sent = event;
    if (lying !== undefined && event.type === "submit" && event.message.type === "circle") {
      const message = { ...event.message, with: lied(event.message.with, lying) };
      truths.set(message, event.message);
      sent = { ...event, message };
    }
    return step.call(this, sent, now, entropy).map((effect) => {
      const truth = effect.type === "begun" ? truths.get(effect.message) : undefined;
      return effect.type !== "begun" || truth === undefined ? effect : { ...effect, message: truth };
    });
  };
}

/** From here on whoever steps lies so, or not. */
export function stepLies(lie: Lie | undefined): void {
  lying = lie;
}

function lied(members: readonly Member[], lie: Lie | undefined): readonly Member[] {
  if (lie === "leaves out") return members.slice(1);
  return lie === undefined ? members : inCircleOrder([...members, { peer: NOBODY, name: "" }]);
}

/** A process, whom it is connected with, and what it makes of that. */
export interface Believer {
  readonly id: PeerId;
  readonly name: string;
  readonly lie: Lie | undefined;
  readonly friends: ReadonlySet<PeerId>;
  readonly hearing: Hearing;
}

/** Who thinks something that does not follow from what they were told; undefined: nobody. */
export function misbelief(all: readonly Believer[]): string | undefined {
  const byId = new Map(all.map((one) => [one.id, one]));
  for (const one of all) {
    const says = new Map([...one.friends].map((id) => [id, saidBy(byId.get(id)!, one.id)]));
    const fault = faultOf(one, says);
    if (fault !== undefined) return `${one.name} ${fault}`;
  }
  return undefined;
}

/** Whom this process names to that friend. */
function saidBy({ friends, lie }: Believer, to: PeerId): ReadonlySet<PeerId> {
  const members = inCircleOrder([...friends].filter((id) => id !== to).map((peer) => ({ peer, name: "" })));
  return new Set(lied(members, lie).map(({ peer }) => peer));
}

function faultOf(
  { id, friends, hearing }: Believer,
  says: ReadonlyMap<PeerId, ReadonlySet<PeerId>>,
): string | undefined {
  const pairs = [...friends].flatMap((a) => [...friends].flatMap((b) => a === b ? [] : [[a, b] as const]));
  const disputed = pairs.filter(([a, b]) => says.get(a)!.has(b) && !says.get(b)!.has(a));
  const apart = pairs.filter(([a, b]) => a < b && !says.get(a)!.has(b) && !says.get(b)!.has(a));
  const others = new Set([...says.values()].flatMap((named) => [...named]).filter((o) => o !== id && !friends.has(o)));
  const everyone = friends.size >= 2 && disputed.length + apart.length + others.size === 0;
  if (hearing.settling) return "is still waiting for circles";
  if (hearing.everyone !== everyone) {
    return everyone ? "does not see that everyone hears everyone" : "believes in everyone";
  }
  if (key(hearing.others.map(({ peer }) => peer)) !== key([...others])) return "hears of others than are named";
  if (key(hearing.disputed.map(String)) !== key(disputed.map(String))) return "does not see who contradicts whom";
  const sorted = (pair: readonly [PeerId, PeerId]) => [...pair].sort().join();
  return key(hearing.apart.map(sorted)) === key(apart.map(sorted)) ? undefined : "does not see who is apart";
}

function key(words: readonly string[]): string {
  return [...words].sort().join(" ");
}
