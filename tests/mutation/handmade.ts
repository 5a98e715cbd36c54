// Mutants made by hand, one in each check that a promise rests on, with the test that must catch it. docs/CLAIMS.md
// names them. `deno task mutate --handmade` plants each in a copy of the project and runs that one test. Out of scope:
// running them.

export interface Handmade {
  readonly name: string;
  readonly file: string;
  /** Stands there once. */
  readonly text: string;
  readonly without: string;
  /** The test that dies of it: a file and the whole name of the test. */
  readonly test: { readonly file: string; readonly name: string };
}

export const HANDMADE: readonly Handmade[] = [
  {
    name: "confirmA is not compared",
    file: "src/auth/handshake.ts",
    text: "if (!equal32(answer.confirmA, expected)) return undefined;",
    without: "equal32(answer.confirmA, expected);",
    test: {
      file: "src/auth/handshake_test.ts",
      name:
        "with another phrase for the same salt the listener refuses, and so does a dialer that gets an accept all the same",
    },
  },
  {
    name: "confirmB is not compared",
    file: "src/auth/handshake.ts",
    text: "if (!equal32(confirmB, expected)) return undefined;",
    without: "equal32(confirmB, expected);",
    test: {
      file: "src/auth/handshake_test.ts",
      name:
        "with another phrase for the same salt the listener refuses, and so does a dialer that gets an accept all the same",
    },
  },
  {
    name: "the channel binding is left out of the context",
    file: "src/auth/handshake.ts",
    text: "sha256(out, CONTEXT_LABEL, channelBinding, salt,",
    without: "sha256(out, CONTEXT_LABEL, channelBinding.subarray(64), salt,",
    test: {
      file: "src/auth/handshake_test.ts",
      name: "the handshake gives every byte of the pinned exchange, on both sides",
    },
  },
  {
    name: "the mode is left out of the salt",
    file: "src/auth/stretched.ts",
    text: 'Uint8Array.of(mode === "real" ? 0 : 1)',
    without: 'Uint8Array.of(mode === "real" ? 0 : 0)',
    test: { file: "src/auth/handshake_test.ts", name: "in the other mode, the same phrase counts as another phrase" },
  },
  {
    name: "ss is left out of the session's keys",
    file: "src/auth/handshake.ts",
    text: "hkdfSha256(out, context, [Ke, channelBinding, ss], [SESSION_LABEL]);",
    without: "hkdfSha256(out, context, [Ke, channelBinding], [SESSION_LABEL]);",
    test: {
      file: "src/auth/handshake_test.ts",
      name: "the handshake gives every byte of the pinned exchange, on both sides",
    },
  },
  {
    name: "a skip of 33 cells is allowed",
    file: "src/ratchet/ratchet.ts",
    text: "n < chain.n || n - chain.n > MAX_SKIP_PER_STEP || this",
    without: "n < chain.n || n - chain.n > MAX_SKIP_PER_STEP + 1 || this",
    test: { file: "src/ratchet/ratchet_test.ts", name: "on the chain in use exactly 32 cells may be missing, not 33" },
  },
  {
    name: "a cell that has been opened may open again",
    file: "src/ratchet/ratchet.ts",
    text: "      this.#skipped.remove(epoch, n);\n",
    without: "",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "late cells open once each, in any order, over one change of epoch, and not over two",
    },
  },
  {
    name: "stored keys of old epochs are kept",
    file: "src/ratchet/ratchet.ts",
    text: "    this.#skipped.forget(old.epoch);\n",
    without: "",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "late cells open once each, in any order, over one change of epoch, and not over two",
    },
  },
  {
    name: "ss is left out of a renewal",
    file: "src/ratchet/steps.ts",
    text: "expand(arena, keys, [ss, dh], [EPOCH_LABEL, th]);",
    without: "void ss, expand(arena, keys, [dh], [EPOCH_LABEL, th]);",
    test: {
      file: "src/ratchet/steps_test.ts",
      name: "epochStep() depends on each of its inputs: root key, ss, dh, epoch, key and ciphertext",
    },
  },
  {
    name: "dh is left out of a renewal",
    file: "src/ratchet/steps.ts",
    text: "expand(arena, keys, [ss, dh], [EPOCH_LABEL, th]);",
    without: "void dh, expand(arena, keys, [ss], [EPOCH_LABEL, th]);",
    test: {
      file: "src/ratchet/steps_test.ts",
      name: "epochStep() depends on each of its inputs: root key, ss, dh, epoch, key and ciphertext",
    },
  },
  {
    name: "th is left out of a renewal",
    file: "src/ratchet/steps.ts",
    text: "  expand(arena, keys, [ss, dh], [EPOCH_LABEL, th]);",
    without: "  expand(arena, keys, [ss, dh], [EPOCH_LABEL]);",
    test: {
      file: "src/ratchet/steps_test.ts",
      name: "epochStep() depends on each of its inputs: root key, ss, dh, epoch, key and ciphertext",
    },
  },
  {
    name: "the old root key is left out of a renewal",
    file: "src/ratchet/steps.ts",
    text: "hkdfSha256(all, keys.rootKey, ikm, info);",
    without: "hkdfSha256(all, new Uint8Array(32), ikm, info);",
    test: {
      file: "src/ratchet/steps_test.ts",
      name: "epochStep() depends on each of its inputs: root key, ss, dh, epoch, key and ciphertext",
    },
  },
  {
    name: "a listener encapsulates with bytes that are not random",
    file: "src/ratchet/ratchet.ts",
    text: "    entropy(m.bytes);\n",
    without: "",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name:
        "in any order of loss, delay and repetition the ratchet does what the oracle does, and opens each cell once",
    },
  },
  {
    name: "a key is answered in the last epoch",
    file: "src/ratchet/ratchet.ts",
    text: "this.#receiving.epoch === LAST_EPOCH || ",
    without: "",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "in the last epoch the dialer seals eight cells and no key, and a key is a violation",
    },
  },
  {
    name: "a dialer goes on in the last epoch",
    file: "src/ratchet/ratchet.ts",
    text: ' && !(this.#role === "dialer" && epoch === LAST_EPOCH && n === KEY_CELL)',
    without: "",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "in the last epoch the dialer seals eight cells and no key, and a key is a violation",
    },
  },
  {
    name: "a cell may pass over the key",
    file: "src/ratchet/ratchet.ts",
    text: 'return this.#role === "listener" && nr <= KEY_CELL && n > KEY_CELL;',
    without: 'return this.#role === "listener" && nr < 0 && n > KEY_CELL;',
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "a cell that would pass over the key fails, and opens once the key has come",
    },
  },
  {
    name: "a renewal waits until nothing is queued",
    file: "src/session/step.ts",
    text: "due === undefined ? this.#outgoing.next()",
    without: "due === undefined || !this.#outgoing.empty ? this.#outgoing.next()",
    test: {
      file: "src/session/step_test.ts",
      name: "somebody who talks without pause renews as often as somebody who is silent",
    },
  },
  {
    name: "the dialer's cell 8 may be anything",
    file: "src/ratchet/ratchet.ts",
    text: '    if (!isRenewal && listening && wanted) throw new ProtocolViolation("renewal");\n',
    without: "",
    test: { file: "src/ratchet/ratchet_test.ts", name: "it is a violation if the dialer's cell 8 is not a key" },
  },
  {
    name: "any cell of the dialer may be a key",
    file: "src/ratchet/ratchet.ts",
    text: "(cell.kind !== right || !wanted)",
    without: "(cell.kind !== right || (!wanted && !listening))",
    test: { file: "src/ratchet/ratchet_test.ts", name: "it is a violation if another cell of the dialer's is a key" },
  },
  {
    name: "a ciphertext is accepted that no key is waiting for",
    file: "src/ratchet/ratchet.ts",
    text: "!opened.stored && this.#asked?.left === true;",
    without: "!opened.stored && this.#asked !== undefined;",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "it is a violation if a ciphertext comes that no key waits for",
    },
  },
  {
    name: "a key or a ciphertext may go the wrong way",
    file: "src/ratchet/ratchet.ts",
    text: "(cell.kind !== right || !wanted)",
    without: "!wanted",
    test: { file: "src/ratchet/ratchet_test.ts", name: "it is a violation if the dialer's cell 8 is a ciphertext" },
  },
  {
    name: "cells may follow the ciphertext on its chain",
    file: "src/ratchet/ratchet.ts",
    text: '    if (this.#role === "dialer" && this.#next !== undefined) throw new ProtocolViolation("renewal");\n',
    without: "",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "it is a violation if behind the ciphertext a cell of its epoch comes in its order",
    },
  },
  {
    name: "the listener's chain may be longer than its ciphertext said",
    file: "src/ratchet/ratchet.ts",
    text: '    if (this.#role === "dialer" && pn !== old.n) throw new ProtocolViolation("renewal");\n',
    without: "",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "it is a violation if the first cell of the next epoch has another pn than the ciphertext gave",
    },
  },
  {
    name: "a pn below what was received is accepted",
    file: "src/ratchet/ratchet.ts",
    text: "    if (pn < old.n || pn",
    without: "    if (pn",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "a pn below what was received fails, in the first cell of an epoch only, and otherwise nobody looks at it",
    },
  },
  {
    name: "a skip of 33 cells at the end of the old chain is allowed",
    file: "src/ratchet/ratchet.ts",
    text: "pn - old.n > MAX_SKIP_PER_STEP)",
    without: "pn - old.n > MAX_SKIP_PER_STEP + 1)",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name:
        "of the old chain exactly 32 cells may be missing when the next epoch begins, not 33, and up to 8 of the new one",
    },
  },
  {
    name: "a skip of 33 cells of the next epoch is allowed",
    file: "src/ratchet/ratchet.ts",
    text: "if (n > MAX_SKIP_PER_STEP || this",
    without: "if (n > MAX_SKIP_PER_STEP + 1 || this",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "of the next epoch's chain exactly 32 cells may be missing, not 33",
    },
  },
  {
    name: "a cell beyond the end of a chain is tried",
    file: "src/ratchet/ratchet.ts",
    text: "n >= MAX_CHAIN_CELLS || pn > MAX_CHAIN_CELLS",
    without: "pn > MAX_CHAIN_CELLS && n < 0",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "n above 16383 and pn above 16384 fail whatever the epoch, and a larger distance than 32 without a wrap",
    },
  },
  {
    name: "a chain is sealed beyond its end",
    file: "src/ratchet/ratchet.ts",
    text: "return n < MAX_CHAIN_CELLS &&",
    without: "return n <= MAX_CHAIN_CELLS &&",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name:
        "a chain has 16384 cells: the last may be the ciphertext, one more cannot be sealed, and its length opens the next",
    },
  },
  {
    name: "a kem that fails its check is used",
    file: "src/ratchet/ratchet.ts",
    text: 'if (!kemEncapsulate(ct, ss, key.subarray(0, KEM_KEY_SIZE), m)) throw new ProtocolViolation("kem");',
    without: "kemEncapsulate(ct, ss, key.subarray(0, KEM_KEY_SIZE), m);",
    test: { file: "src/ratchet/ratchet_test.ts", name: "it is a violation if a kem fails the check of FIPS 203" },
  },
  {
    name: "a dhA of low order is used",
    file: "src/ratchet/ratchet.ts",
    text: 'if (!x25519(dh, secret, key.subarray(KEM_KEY_SIZE))) throw new ProtocolViolation("ratchet key");',
    without: "x25519(dh, secret, key.subarray(KEM_KEY_SIZE));",
    test: { file: "src/ratchet/ratchet_test.ts", name: "it is a violation if a dhA is of low order" },
  },
  {
    name: "a dhB of low order is used",
    file: "src/ratchet/ratchet.ts",
    text:
      'if (!x25519(dh, secret, ciphertext.subarray(KEM_CIPHERTEXT_SIZE))) throw new ProtocolViolation("ratchet key");',
    without: "x25519(dh, secret, ciphertext.subarray(KEM_CIPHERTEXT_SIZE));",
    test: { file: "src/ratchet/ratchet_test.ts", name: "it is a violation if a dhB is of low order" },
  },
  {
    name: "the seed of a renewal is kept",
    file: "src/ratchet/ratchet.ts",
    text: "    seed[Symbol.dispose]();\n",
    without: "",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "a pair holds five slots each, the renewal's while it lasts, and the skipped keys, however long it runs",
    },
  },
  {
    name: "the old sending chain is kept",
    file: "src/ratchet/ratchet.ts",
    text: "    this.#sending.key[Symbol.dispose]();\n    this.#sending = chain;",
    without: "    this.#sending = chain;",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "a pair holds five slots each, the renewal's while it lasts, and the skipped keys, however long it runs",
    },
  },
  {
    name: "the old receiving chain is kept",
    file: "src/ratchet/ratchet.ts",
    text: "    old.key[Symbol.dispose]();\n",
    without: "",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "a pair holds five slots each, the renewal's while it lasts, and the skipped keys, however long it runs",
    },
  },
  {
    name: "a cell moves the chain before its tag has verified",
    file: "src/ratchet/ratchet.ts",
    text: "    if (!opens(candidate.messageKey)) return undefined;\n    // The ciphertext",
    without: "    chain.n = n;\n    if (!opens(candidate.messageKey)) return undefined;\n    // The ciphertext",
    test: {
      file: "src/ratchet/ratchet_test.ts",
      name: "changed ciphertext and tag are refused and change nothing, for a stored key too",
    },
  },
  {
    name: "unused bytes of a cell are not checked",
    file: "src/wire/cell.ts",
    text: "  requireZeros(plaintext, end);\n",
    without: "",
    test: {
      file: "src/wire/cell_test.ts",
      name: "decodeCell() refuses a non-zero byte anywhere behind a fragment's data",
    },
  },
  {
    name: "the size of a message is checked only after it has been parsed",
    file: "src/wire/message.ts",
    text: '  if (json.length > MAX_JSON_SIZE) throw new ProtocolViolation("message size");\n',
    without: "",
    test: { file: "src/wire/message_test.ts", name: "decodeMessage() checks the size first" },
  },
  {
    name: "a frame of another version is accepted",
    file: "src/wire/frame.ts",
    text: '  if (version !== PROTOCOL_VERSION) throw new ProtocolViolation("version");\n',
    without: "",
    test: { file: "src/wire/frame_test.ts", name: "decodeFrame() refuses every other value of every header byte" },
  },
  {
    name: "missed ticks are made up for",
    file: "src/session/pacer.ts",
    text: "    const missed = Math.floor((now - this.#first) / this.#interval);\n",
    without: "    this.#n++;\n    return true;\n    const missed = 0;\n",
    test: {
      file: "src/session/pacer_test.ts",
      name: "constant: a late tick sends one and returns to the grid; missed ones are never made up",
    },
  },
  {
    name: "bidi controls reach the screen",
    file: "src/terminal/text/sanitise.ts",
    text: "else if (INVISIBLE.test(char)) continue;",
    without: "else if (INVISIBLE.test(char)) kept.push(char);",
    test: {
      file: "src/terminal/text/sanitise_test.ts",
      name: "sanitise() is harmless and idempotent for each hostile string",
    },
  },
  {
    name: "the fourth wrong phrase of an address waits no longer than the third",
    file: "src/peers/addresses.ts",
    text: "Math.min(1000 * 2 ** (guesses - GUESSES_FREE), GUESS_WAIT_MAX_MS)",
    without: "1000",
    test: {
      file: "src/peers/admission_test.ts",
      name: "after the third guess and each further one an address waits 2^(k-3) s, up to 600",
    },
  },
  {
    name: "each side keeps the connection that it dialled itself",
    file: "src/peers/friend.ts",
    text: '(c.role === "dialer") === (this.self < this.peer);',
    without: 'c.role === "dialer";',
    test: { file: "src/peers/friend_test.ts", name: "both sides of the same connections keep the same one" },
  },
  {
    name: "a share outside the subgroup is accepted",
    file: "src/auth/spake2.ts",
    text: "  if (!group.valid(share)) return false;\n",
    without: "",
    test: {
      file: "src/auth/spake2_test.ts",
      name: "sharedPoint() refuses shares that are of small order, torsioned, not canonical or not on the curve",
    },
  },
  {
    name: "the ids of shown messages are not remembered",
    file: "src/peers/friend.ts",
    text: "    this.shown.add(id);\n",
    without: "",
    test: { file: "src/peers/friend_test.ts", name: "the last 1024 shown ids are known" },
  },
];
