// `sesame doctor HOST`: calls once, as a chat would, and says how far it came.
// Without the phrase it hangs up when a Sesame's offer has come: to the listener that is no guess and no failure, only one
// of the connections that an address may open in a minute (docs/PROTOCOL.md section 8). Nothing in the offer is used.
// With the phrase it is a real call, counted as one, that says goodbye at once. Not in here: words (words/doctor_call.ts).

import type { StretchedPhrase } from "../auth/stretched.ts";
import type { Host } from "../host/host.ts";
import { DialError, type Entropy, type Link, type PeerId, type Transport } from "../ports.ts";
import type { Arena, LockedBytes } from "../secrets/locked.ts";
import { type Effect, Session } from "../session/step.ts";
import type { Tty } from "../terminal/tty.ts";
import { isOwnAddress, takesCalls } from "../transport/probe.ts";
import { parseTarget } from "../transport/address.ts";
import { TlsTransport } from "../transport/tls.ts";
import { wrap } from "../words/wrap.ts";
import { fullTarget } from "../chat/commands.ts";
import { CallProgress, isLoopback } from "../transport/call_progress.ts";
import { diagnose, LABELS, stepReports } from "../words/doctor_call.ts";
import { line } from "../words/doctor.ts";
import { EXIT, sentence } from "../words/problems.ts";
import { panic } from "./panic.ts";
import { type PhraseRead, proxyOf, readyTls, Refusal, takePhrase, tell } from "./run.ts";
import { Stretcher } from "../chat/stretcher.ts";
import { after, entropyOf, now, wallClock } from "../system.ts";

export interface Examination {
  readonly target: string;
  readonly json: boolean;
  /** As typed; checks.ts has nothing against it. */
  readonly proxy: string | undefined;
  readonly arena: Arena;
  /** What was typed stands here. */
  readonly typed: LockedBytes;
  /** Undefined: the call ends with the offer. */
  readonly read: PhraseRead | undefined;
}

/** Calls, prints, and resolves with the exit code. */
export async function examine(
  host: Host,
  tty: Tty,
  { json, arena, typed, read, ...wanted }: Examination,
): Promise<number> {
  const phrase = read && takePhrase({ arena, typed }, read);
  typed[Symbol.dispose]();
  tty.raw(false); // from here on Ctrl-C is a signal
  if (read?.type === "panic") return panic({ panic: () => tty.restore() });
  if (phrase instanceof Refusal) {
    if (phrase.problem !== undefined) await tell(tty, phrase.problem);
    await tty.restoreWithin();
    return phrase.code;
  }
  const target = fullTarget(wanted.target);
  const identity = await readyTls(host);
  const mode = read?.type === "done" && read.decoy ? "decoy" : "real";
  using stretcher = phrase && new Stretcher(arena, phrase, mode, (view) => host.lock(view));
  const entropy = entropyOf(host);
  const parts: DoctorCallParts = {
    transport: new TlsTransport(identity, proxyOf(wanted.proxy, entropy)),
    arena,
    self: identity.peerId,
    stretcher,
    entropy,
  };
  const progress = await callOnce(target, parts, wanted.proxy === undefined ? LIMIT_MS : PROXY_LIMIT_MS);
  const diagnosis = diagnose(target, progress);
  const steps = stepReports(progress, { phrase: stretcher !== undefined });
  if (json) {
    const { doing: _, ...fields } = diagnosis;
    await tty.write(JSON.stringify({ event: "diagnosis", ...fields, steps, at: wallClock() }) + "\n");
  } else {
    const columns = tty.outputIsTerminal ? tty.size().columns : Infinity;
    for (const { step, state, found } of steps) {
      await tty.write(
        wrap(line({ check: LABELS[step], state, advice: "" }), found, columns, 31).join("\n").trimEnd() + "\n",
      );
    }
    await tty.write(wrap("", sentence(diagnosis), columns, 0).join("\n") + "\n");
  }
  await tty.restoreWithin();
  const { cause } = diagnosis;
  return cause === "none" || cause === "own-address"
    ? EXIT.left
    : cause === "phrase" || cause === "unanswered"
    ? EXIT.phrase
    : EXIT.connection;
}

export interface DoctorCallParts {
  readonly transport: Transport;
  readonly arena: Arena;
  readonly self: PeerId;
  readonly stretcher: Pick<Stretcher, "stretch"> | undefined;
  readonly entropy: Entropy;
}

/** One call; it takes `limitMs` at most, and the stretching of the phrase. */
export async function callOnce(target: string, parts: DoctorCallParts, limitMs = LIMIT_MS): Promise<CallProgress> {
  const progress = new CallProgress();
  const over = new AbortController();
  const limit = new Limit(limitMs, () => over.abort());
  try {
    const link = await parts.transport.dial(target, over.signal, (step) => {
      // What is given up because the time is over has not failed: it is silent.
      if (!over.signal.aborted) progress.follow(step);
    });
    await converse(link, progress, parts, limit, over.signal);
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
  } finally {
    limit.cancel();
  }
  if (progress.failure?.why === "refused" && progress.proxy === undefined) {
    progress.otherInterface = await listensElsewhere(target, progress);
  }
  return progress;
}

/** From TLS to the offer, or to a goodbye to whoever knows the phrase. */
function converse(
  link: Link,
  progress: CallProgress,
  { arena, self, stretcher, entropy }: DoctorCallParts,
  limit: Limit,
  over: AbortSignal,
): Promise<void> {
  const { role, peer, channelBinding } = link;
  const session = new Session(arena, { role, self, peer, channelBinding }, SHAPE, now());
  return new Promise((done, fail) => {
    let phrase: StretchedPhrase | undefined;
    let cancelTick = () => {};
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      cancelTick();
      session[Symbol.dispose]();
      phrase?.[Symbol.dispose]();
      link.close();
      done();
    };
    const step = (event: Parameters<Session["step"]>[0]) => {
      for (const effect of session.step(event, now(), entropy)) perform(effect);
    };
    const tick = () => {
      cancelTick = after(session.deadline - now(), () => {
        step({ type: "time", unsent: link.unsent });
        if (!ended) tick();
      });
    };
    const stretch = async (salt: Uint8Array) => {
      limit.pause();
      phrase = await stretcher!.stretch(salt);
      if (ended) return phrase[Symbol.dispose]();
      limit.resume();
      step({ type: "stretched", phrase });
      progress.follow({ step: "answered" });
    };
    const perform = (effect: Effect) => {
      switch (effect.type) {
        case "send":
          return link.send(effect.frame);
        case "stretch":
          progress.follow({ step: "offered" });
          if (stretcher !== undefined) return void stretch(effect.salt).catch(fail);
          progress.done();
          return end();
        case "verified":
          progress.follow({ step: "accepted" });
          step({ type: "admit" });
          step({ type: "leave" });
          return tick();
        case "close":
          if (effect.reason === "phrase" || effect.reason === "protocol") {
            progress.follow({ step: "ended", why: effect.reason });
          }
          return end();
        default:
          return;
      }
    };
    over.addEventListener("abort", end);
    if (over.aborted) return end();
    link.receive((frame) => ended || step({ type: "frame", frame }), () => {
      progress.follow({ step: "ended", why: "closed" });
      end();
    });
  });
}

/** Whether this machine's own address refused, while its loopback takes calls on that port. */
async function listensElsewhere(target: string, progress: CallProgress): Promise<boolean> {
  const parsed = parseTarget(target);
  if (typeof parsed === "string") return false;
  const refused = [...progress.attempts].filter(([, fault]) => fault === "refused").map(([address]) => address);
  for (const address of refused) {
    if (isLoopback(address) || !await isOwnAddress(address)) continue;
    if (await takesCalls("127.0.0.1", parsed.port) || await takesCalls("::1", parsed.port)) return true;
  }
  return false;
}

/** The time for the network; it stands still while the phrase is stretched. */
class Limit {
  readonly #run: () => void;
  #left: number;
  #since = now();
  #cancel: () => void;

  constructor(ms: number, run: () => void) {
    this.#run = run;
    this.#left = ms;
    this.#cancel = after(this.#left, run);
  }

  pause(): void {
    this.#cancel();
    this.#left -= now() - this.#since;
  }

  resume(): void {
    this.#since = now();
    this.#cancel = after(this.#left, this.#run);
  }

  cancel(): void {
    this.#cancel();
  }
}

/** With the program's start and end less than six seconds; a lost SYN is sent anew after one second and after three. */
const LIMIT_MS = 4_000;
/** Tor may have to build a circuit first. */
const PROXY_LIMIT_MS = 40_000;
/** The goodbye leaves within this. */
const SHAPE = { cover: "constant", intervalMs: 50 } as const;
