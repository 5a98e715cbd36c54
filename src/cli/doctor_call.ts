// `sesame doctor HOST`: calls once, as a chat would, and says how far it got. Without the phrase it hangs up when a
// Sesame's offer has arrived: to the listener that is neither a guess nor a failure, only one of the connections that
// an address may open in a minute (docs/PROTOCOL.md section 8). Nothing in the offer is used. With the phrase it is a
// real call, counted as one, that says goodbye at once. Out of scope: words (words/doctor_call.ts).

import type { StretchedPhrase } from "../auth/stretched.ts";
import type { Host } from "../host/host.ts";
import { DialError, type Entropy, type Link, type PeerId, type Transport } from "../ports.ts";
import type { Arena, LockedBytes } from "../secrets/locked.ts";
import { type Effect, Session } from "../session/step.ts";
import type { Tty } from "../terminal/tty.ts";
import { parseTarget, scopeOf } from "../transport/address.ts";
import { takesCalls } from "../transport/connect.ts";
import { isOwnAddress } from "../transport/free_port.ts";
import { TlsTransport } from "../transport/tls.ts";
import { wrap } from "../words/wrap.ts";
import { fullTarget } from "../chat/commands.ts";
import { CallProgress } from "../transport/call_progress.ts";
import { diagnose, LABELS, stepReports } from "../words/doctor_call.ts";
import { line } from "../words/doctor.ts";
import { EXIT, sentence } from "../words/problems.ts";
import { type PhraseRead, proxyOf, readyTls, Refusal, takePhrase } from "./run.ts";
import { tell } from "./tell.ts";
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
  const taken = read && takePhrase({ arena, typed }, read);
  typed[Symbol.dispose]();
  tty.raw(false); // from here on Ctrl-C is a signal
  if (taken instanceof Refusal) {
    if (taken.problem !== undefined) await tell(tty, sentence(taken.problem));
    await tty.restoreWithin();
    return taken.code;
  }
  const target = fullTarget(wanted.target);
  const identity = await readyTls(host);
  using stretcher = taken && new Stretcher(arena, taken.phrase, taken.mode, (view) => host.lock(view));
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

/** One call; it takes `limitMs` at most, or with a phrase as long again from the moment when that is stretched. */
export async function callOnce(target: string, parts: DoctorCallParts, limitMs = LIMIT_MS): Promise<CallProgress> {
  const progress = new CallProgress();
  const over = new AbortController();
  const begin = () => after(limitMs, () => over.abort());
  const limit = { begin, cancel: begin() };
  try {
    const link = await parts.transport.dial(target, over.signal, (step) => {
      // What is given up because the time is over has not failed: it is silent.
      if (!over.signal.aborted) progress.follow(step);
    });
    await new Conversation(link, progress, parts, limit).run(over.signal);
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

/** From TLS to the offer, or to a goodbye to whoever knows the phrase. Owns its link and session. */
class Conversation {
  readonly #link: Link;
  readonly #progress: CallProgress;
  readonly #parts: DoctorCallParts;
  readonly #limit: Limit;
  readonly #session: Session;
  #phrase: StretchedPhrase | undefined;
  #cancelTick: () => void = () => {};
  #ended = false;
  #done: () => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(link: Link, progress: CallProgress, parts: DoctorCallParts, limit: Limit) {
    this.#link = link;
    this.#progress = progress;
    this.#parts = parts;
    this.#limit = limit;
    const { role, peer, channelBinding } = link;
    this.#session = new Session(parts.arena, { role, self: parts.self, peer, channelBinding }, SHAPE, now());
  }

  /** Resolves when everything is closed and wiped. */
  run(over: AbortSignal): Promise<void> {
    return new Promise((done, fail) => {
      this.#done = done;
      this.#fail = fail;
      over.addEventListener("abort", () => this.#end());
      if (over.aborted) return this.#end();
      this.#link.receive((frame) => this.#ended || this.#step({ type: "frame", frame }), () => {
        this.#progress.follow({ step: "ended", why: "closed" });
        this.#end();
      });
    });
  }

  #step(event: Parameters<Session["step"]>[0]): void {
    for (const effect of this.#session.step(event, now(), this.#parts.entropy)) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return this.#link.send(effect.frame);
      case "stretch":
        this.#progress.follow({ step: "offered" });
        if (this.#parts.stretcher !== undefined) {
          return void this.#stretch(this.#parts.stretcher, effect.salt).catch(this.#fail);
        }
        this.#progress.done();
        return this.#end();
      case "verified":
        this.#progress.follow({ step: "accepted" });
        this.#step({ type: "admit" });
        this.#step({ type: "leave" });
        return this.#tick();
      case "close":
        if (effect.reason === "phrase" || effect.reason === "protocol") {
          this.#progress.follow({ step: "ended", why: effect.reason });
        }
        return this.#end();
      default:
        return;
    }
  }

  async #stretch(stretcher: Pick<Stretcher, "stretch">, salt: Uint8Array): Promise<void> {
    this.#limit.cancel();
    const phrase = this.#phrase = await stretcher.stretch(salt);
    if (this.#ended) return phrase[Symbol.dispose]();
    this.#limit.cancel = this.#limit.begin();
    this.#step({ type: "stretched", phrase });
    this.#progress.follow({ step: "answered" });
  }

  #tick(): void {
    this.#cancelTick = after(this.#session.deadline - now(), () => {
      this.#step({ type: "time", unsent: this.#link.unsent });
      if (!this.#ended) this.#tick();
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTick();
    this.#session[Symbol.dispose]();
    this.#phrase?.[Symbol.dispose]();
    this.#link.close();
    this.#done();
  }
}

/** Whether this machine's own address refused, while its loopback takes calls on that port. */
async function listensElsewhere(target: string, progress: CallProgress): Promise<boolean> {
  const parsed = parseTarget(target);
  if (typeof parsed === "string") return false;
  const refused = [...progress.attempts].filter(([, fault]) => fault === "refused").map(([address]) => address);
  for (const address of refused) {
    if (scopeOf(address) === "machine" || !isOwnAddress(address)) continue;
    if (await takesCalls("127.0.0.1", parsed.port) || await takesCalls("::1", parsed.port)) return true;
  }
  return false;
}

/** The time for the network. */
interface Limit {
  readonly begin: () => () => void;
  cancel: () => void;
}

/** With the program's start and end less than six seconds; a lost SYN is sent again after one second and after three. */
const LIMIT_MS = 4_000;
/** Tor may have to build a circuit first. */
const PROXY_LIMIT_MS = 40_000;
/** The goodbye leaves within this. */
const SHAPE = { cover: "constant", intervalMs: 50 } as const;
