// What a person says about who hears whom: introductions, one friend alone, words to compare. And what they are told
// about it, in few lines: the questions of three seconds make one line, and changes of who hears whom make one line in
// ten seconds. Out of scope: the rules (peers), the sentences (words/circle.ts).

import { wordAt } from "../auth/words.ts";
import { MAX_UNCONFIRMED } from "../constants.ts";
import type { Notice } from "../notice.ts";
import type { Event } from "../peers/event.ts";
import type { Peers } from "../peers/step.ts";
import type { Millis, PeerId } from "../ports.ts";
import { lookAlikes, sanitise, tag } from "../terminal/text/sanitise.ts";
import {
  byeText,
  DOING,
  HEARD_ALREADY,
  hearingText,
  HIDDEN,
  hungUpText,
  type Labels,
  NO_TEXT,
  NO_WORDS_YET,
  NOBODY_TO_VERIFY,
  nobodyWaits,
  NOT_COMPARED,
  NOT_INTRODUCED,
  NOT_TWO_FRIENDS,
  notFound,
  proposedText,
  questionText,
  standingText,
  tellsText,
  verifyText,
  whoHearsWhom,
  YES_OR_NO,
} from "../words/circle.ts";
import { messageRefused, noRoom } from "../words/chat.ts";
import type { Problem } from "../words/problems.ts";
import { messageProblem } from "../wire/message.ts";
import { fullTarget } from "./commands.ts";
import { type Candidate, KnownNames, labelOf, whoIsMeant } from "./who.ts";

export interface CircleParts {
  readonly self: PeerId;
  readonly peers: Peers;
  readonly step: (event: Event) => void;
  /** Ends the calls of a target. */
  readonly hangUp: (target: string) => void;
  readonly hint: (text: string) => void;
  readonly problem: (problem: Problem) => void;
  /** Lines for a person are wanted: not for scripts, which have the events. */
  readonly lines: boolean;
}

/** Questions that come within this make one line. */
const QUESTIONS_MS = 3_000;
/** Changes of who hears whom that come within this make one line; the first waits a little for what belongs to it. */
const HEARING_MS = 10_000;
const HEARING_FIRST_MS = 3_000;
/** With more friends than this, only /peers has hints about introductions. */
const FRIENDS_FOR_HINTS = 4;

export class CircleTalk {
  readonly #parts: CircleParts;
  /** Whom a question is about, since when the first of them waits. */
  #questions: PeerId[] = [];
  #questionsAt: Millis = Infinity;
  /** Those of them whom the person has read of, in a question or in /peers: a yes to all is to these. */
  #read: ReadonlySet<PeerId> = new Set();
  #hearingAt: Millis = Infinity;
  #hearingTold: Millis = -Infinity;
  #lastHearing = "";
  readonly #names = new KnownNames();
  /** The words that the person has seen, of those who were here. */
  readonly #seen = new Map<PeerId, string>();

  constructor(parts: CircleParts) {
    this.#parts = parts;
  }

  /** Keeps what is reported in lines. */
  notice(notice: Notice, now: Millis): void {
    if (notice.event === "named") this.#names.learn(notice);
    if (!this.#parts.lines) return;
    if (notice.event === "introduction" && notice.state === "asked" && !notice.quiet) {
      this.#questions.push(notice.peer);
      this.#questionsAt = Math.min(this.#questionsAt, now + QUESTIONS_MS);
    }
    if (notice.event === "hearing") {
      this.#hearingAt = Math.min(this.#hearingAt, Math.max(now + HEARING_FIRST_MS, this.#hearingTold + HEARING_MS));
    }
  }

  /** Once a second or so. */
  tick(now: Millis): void {
    if (now >= this.#questionsAt) this.#ask();
    if (now >= this.#hearingAt) this.#tellHearing(now);
  }

  /** Who hears whom, and the introductions that are open, for /peers. */
  lines(): string[] {
    const { peers } = this.#parts;
    const labels = this.#labels();
    const hearing = hearingText(peers.hearing, labels, Infinity);
    this.#read = new Set(peers.introductions.map(({ peer }) => peer));
    for (const other of peers.hearing.others) this.#names.learn(other);
    const open = peers.introductions.map((one) => standingText(one, labels));
    return [...hearing === "" || hearing === "…" ? [] : [whoHearsWhom(hearing)], ...open];
  }

  /** `/introduce all|NAME|NAME NAME` */
  introduce(text: string): void {
    const { peers, step } = this.#parts;
    if (text === "all") return this.#answerAll("introduce");
    const here = this.#here();
    const others = peers.hearing.others.map(({ peer, name }) => ({ peer, name }));
    const first = whoIsMeant(text, [...here, ...others], this.#names);
    if (typeof first === "string") return this.#parts.problem(notFound("introduce", first));
    const isFriend = here.some(({ peer }) => peer === first.peer);
    if (first.rest === "" && !isFriend) return this.#agree(first.peer);
    if (first.rest === "") return this.#parts.problem(HEARD_ALREADY);
    const second = whoIsMeant(first.rest, here, this.#names);
    if (second === "several" || second === "another") return this.#parts.problem(notFound("introduce", second));
    if (typeof second === "string" || second.rest !== "" || !isFriend || second.peer === first.peer) {
      return this.#parts.problem(NOT_TWO_FRIENDS);
    }
    step({ type: "propose", first: first.peer, second: second.peer });
    this.#parts.hint(proposedText(this.#labels().who(first.peer), this.#labels().who(second.peer)));
  }

  /** `/decline all|NAME` */
  decline(text: string): void {
    const { peers, step } = this.#parts;
    if (text === "all") return this.#answerAll("decline");
    const names = new Map(peers.hearing.others.map(({ peer, name }) => [peer, name]));
    const waiting = peers.introductions.map(({ peer }) => ({ peer, name: names.get(peer) ?? "" }));
    const meant = whoIsMeant(text, waiting, this.#names);
    if (typeof meant === "string" || meant.rest !== "") {
      const why = typeof meant === "string" ? meant : "nobody";
      return this.#parts.problem(notFound("decline", why));
    }
    step({ type: "decline", peer: meant.peer });
  }

  #answerAll(type: "introduce" | "decline"): void {
    const { lines, peers } = this.#parts;
    const counts = (peer: PeerId) => type === "decline" || !lines || this.#read.has(peer);
    const asked = peers.introductions.filter(({ peer, state }) => state === "asked" && counts(peer));
    if (asked.length === 0) return this.#parts.problem(nobodyWaits(DOING[type]));
    for (const { peer } of asked) this.#parts.step({ type, peer });
  }

  /** `/msg NAME TEXT`. What kept it from being sent. */
  message(text: string): Problem | undefined {
    const meant = whoIsMeant(text, this.#here(), this.#names);
    if (typeof meant === "string") return notFound("message", meant);
    const { peer, rest } = meant;
    if (rest === "") return NO_TEXT;
    const fault = messageProblem(rest);
    if (fault !== undefined) return messageRefused(fault);
    const friend = this.#parts.peers.present().find((one) => one.peer === peer);
    if (friend !== undefined && friend.unconfirmed >= MAX_UNCONFIRMED) return noRoom(labelOf(friend));
    this.#parts.step({ type: "say", text: rest, to: peer });
    return undefined;
  }

  /** `/verify [NAME [yes|no]]` */
  verify(text: string): void {
    const { peers, hint, step, problem } = this.#parts;
    const here = this.#here();
    if (text === "") {
      if (here.length === 0) return problem(NOBODY_TO_VERIFY);
      return hint(here.map(({ peer }) => this.#verifyLine(peer)).join("\n"));
    }
    const meant = whoIsMeant(text, here, this.#names);
    if (typeof meant === "string") return problem(notFound("verify", meant));
    if (meant.rest === "") return hint(this.#verifyLine(meant.peer));
    const answer = meant.rest.toLowerCase();
    if (answer !== "yes" && answer !== "no") return problem(YES_OR_NO);
    if (answer === "yes" && peers.words(meant.peer) === undefined) return problem(NO_WORDS_YET);
    // What was read on the phone are the words that were shown, and whose they were.
    if (answer === "yes" && this.#seen.get(meant.peer) !== this.#wordsOf(meant.peer)) return problem(NOT_COMPARED);
    step({ type: "compared", peer: meant.peer, same: answer === "yes" });
  }

  /** `/bye NAME|HOST[:PORT]` */
  bye(text: string): void {
    const { peers, hint, step, problem, hangUp } = this.#parts;
    const meant = whoIsMeant(text, this.#here(), this.#names);
    if (typeof meant === "object" && meant.rest === "") {
      hint(byeText(this.#labels().who(meant.peer)));
      return step({ type: "bye", peer: meant.peer });
    }
    const target = fullTarget(text);
    if (peers.callingWhom.includes(target)) {
      hangUp(target);
      return hint(hungUpText(target));
    }
    problem(notFound("bye", typeof meant === "object" ? "nobody" : meant));
  }

  #verifyLine(peer: PeerId): string {
    const present = this.#parts.peers.present();
    const words = this.#wordsOf(peer);
    for (const seen of this.#seen.keys()) if (!present.some((friend) => friend.peer === seen)) this.#seen.delete(seen);
    if (words !== undefined) this.#seen.set(peer, words);
    const verified = present.some((friend) => friend.peer === peer && friend.verified);
    return verifyText(this.#labels().who(peer), words, this.#parts.self < peer, verified);
  }

  #wordsOf(peer: PeerId): string | undefined {
    return this.#parts.peers.words(peer)?.map(wordAt).join(" ");
  }

  #agree(peer: PeerId): void {
    const { peers, step, hint, problem } = this.#parts;
    const labels = this.#labels();
    const before = peers.introductions.find((one) => one.peer === peer);
    if (peers.hidden) return problem(HIDDEN);
    if (before?.state === "yes") return hint(standingText(before, labels));
    step({ type: "introduce", peer });
    const now = peers.introductions.find((one) => one.peer === peer && one.state === "yes");
    if (now !== undefined) return hint(tellsText(now.tells));
    problem(NOT_INTRODUCED);
  }

  #ask(): void {
    this.#questionsAt = Infinity;
    const open = new Map(this.#parts.peers.introductions.map((one) => [one.peer, one]));
    const asked = this.#questions.splice(0).flatMap((peer) => {
      const one = open.get(peer);
      return one?.state === "asked" ? [one] : [];
    });
    if (asked.length === 0 || this.#parts.peers.present().length > FRIENDS_FOR_HINTS) return;
    this.#read = new Set([...[...this.#read].filter((peer) => open.has(peer)), ...asked.map(({ peer }) => peer)]);
    for (const other of this.#parts.peers.hearing.others) if (this.#read.has(other.peer)) this.#names.learn(other);
    this.#parts.hint(questionText(asked, this.#labels()));
  }

  #tellHearing(now: Millis): void {
    this.#hearingAt = Infinity;
    const text = hearingText(this.#parts.peers.hearing, this.#labels());
    if (text === "…" || text === this.#lastHearing) return;
    this.#lastHearing = text;
    if (text === "") return;
    this.#hearingTold = now;
    this.#parts.hint(whoHearsWhom(text));
  }

  #here(): Candidate[] {
    return this.#parts.peers.present().map(({ peer, name }) => ({ peer, name: name ?? "" }));
  }

  #labels(): Labels {
    const { peers } = this.#parts;
    const here = new Map(peers.present().map(({ peer, name }) => [peer, name ?? ""]));
    const others = new Map(peers.hearing.others.map(({ peer, name }) => [peer, name]));
    const shown = (name: string | undefined, none: string) => sanitise(name ?? "", "name") || none;
    const alike = lookAlikes([...here].map(([peer, name]) => [peer, shown(name, "friend")]));
    const who = (peer: PeerId) => labelOf({ peer, name: here.get(peer) });
    return {
      name: (peer) => alike.has(peer) ? who(peer) : shown(here.get(peer), "friend"),
      who,
      reported: ({ peer, name }) => `${shown(name, "somebody")} [${tag(peer)}]`,
      reportedName: (peer) => sanitise(others.get(peer) ?? "", "name"),
    };
  }
}
