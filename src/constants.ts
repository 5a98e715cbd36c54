// Nearly every number of the protocol, and bounds of the program, each with its unit in its name and its reason beside
// it. What only one file uses may be defined there instead. First comes the wire (docs/PROTOCOL.md): changing one of
// these makes a new protocol version. Then comes what is ours to choose.

// --- The wire -------------------------------------------------------------------------------------------------------

/** There is no negotiation, so there is nothing to downgrade. */
export const PROTOCOL_VERSION = 1;
/** Every frame is exactly this long: one TLS record, normally one TCP segment, no length on the wire. */
export const FRAME_SIZE = 1280;
export const FRAME_HEADER_SIZE = 4;
export const FRAME_BODY_SIZE: number = FRAME_SIZE - FRAME_HEADER_SIZE;
/** `epoch u32 || pn u16 || n u16`. */
export const RATCHET_HEADER_SIZE = 8;
/** Poly1305. */
export const TAG_SIZE = 16;
export const CELL_PLAINTEXT_SIZE: number = FRAME_BODY_SIZE - RATCHET_HEADER_SIZE - TAG_SIZE;
/** `kind u8 || messageId u32 || index u16 || count u16 || length u16`. */
export const FRAGMENT_HEADER_SIZE = 11;
export const FRAGMENT_CAPACITY: number = CELL_PLAINTEXT_SIZE - FRAGMENT_HEADER_SIZE;
/** Checked before `JSON.parse`. */
export const MAX_JSON_SIZE = 16384;
export const MAX_FRAGMENTS: number = Math.ceil(MAX_JSON_SIZE / FRAGMENT_CAPACITY);

/** SHA-256 of a certificate. */
export const PEER_ID_SIZE = 32;
/** The two TLS exporter values, dialer's first. */
export const CHANNEL_BINDING_SIZE = 64;
export const SALT_SIZE = 16;
export const NONCE_SIZE = 12;
/** A point of edwards25519 or an X25519 public key. */
export const POINT_SIZE = 32;
export const KEM_KEY_SIZE = 1184;
export const KEM_CIPHERTEXT_SIZE = 1088;
/** What a renewal sends: `kem[1184] || dhA[32]` there, `ct[1088] || dhB[32]` back. */
export const RENEWAL_KEY_SIZE: number = KEM_KEY_SIZE + POINT_SIZE;
export const RENEWAL_CIPHERTEXT_SIZE: number = KEM_CIPHERTEXT_SIZE + POINT_SIZE;
export const CONFIRM_SIZE = 32;
export const SESSION_ID_SIZE = 16;

/** Argon2id: the second recommended option of RFC 9106 section 4, with 64 bytes of output. */
export const ARGON2_PASSES = 3;
export const ARGON2_MEMORY_KIB = 65536;
export const ARGON2_LANES = 4;
export const STRETCHED_SIZE = 64;

export const PHRASE_MIN_BYTES = 8;
export const PHRASE_MAX_BYTES = 1024;

/** Cells that one ratchet step may skip, and skipped keys that one peer may make us keep. */
export const MAX_SKIP_PER_STEP = 32;
export const MAX_SKIPPED_KEYS = 128;
/** The dialer's cell that begins a renewal, in each epoch: soon enough to heal within seconds, rarely enough to cost little. */
export const KEY_CELL = 8;
/** The most cells that a chain may have, so that none goes on for ever without a renewal. */
export const MAX_CHAIN_CELLS = 16384;
/** No renewal begins in this epoch: the dialer closes instead. */
export const LAST_EPOCH = 0xffffffff;
export const MAX_FAILURES_IN_A_ROW = 16;
export const MAX_FAILURES_IN_ALL = 64;

/** At the listener, from the connection's turn; at a dialer, for TCP. */
export const TLS_HANDSHAKE_TIMEOUT_MS = 5_000;
/** At the dialer, through a proxy too: it may have to wait for its turn. */
export const DIAL_TLS_TIMEOUT_MS = 20_000;
export const AUTH_TIMEOUT_MS = 15_000;

/** What a receiver accepts: 90 s of 50 cells a second at once, 100 a second sustained. */
export const CELL_BUCKET_SIZE = 4500;
export const CELL_BUCKET_PER_SECOND = 100;
/** What a cell that passes over others uses in addition: it can demand 32 keys of the old chain and 32 of the new one. */
export const CELLS_OF_A_SKIP = 64;

export const INTERVAL_DEFAULT_MS = 250;
export const INTERVAL_MIN_MS = 50;
export const INTERVAL_MAX_MS = 1000;
/** A tick that finds this many unsent frames sends none. */
export const MAX_UNSENT_FRAMES = 16;
export const NO_PROGRESS_TIMEOUT_MS = 30_000;
export const DEAD_AFTER_MS = 90_000;
/** A timer later than this means that the machine slept: silence is counted again, once. */
export const SLEPT_MS = 5_000;
/** Each side's first cells: so many, so far apart, whatever there is to send and whatever the interval. */
export const OPENING_CELLS = 10;
export const OPENING_GAP_MS = 25;
/** Cover off: the first cell comes at a uniform moment within this, and a dummy every COVER_OFF_DUMMY_MS. */
export const COVER_OFF_FIRST_MS = 250;
export const COVER_OFF_DUMMY_MS = 30_000;
/** A sender closes at the latest this long after its bye. */
export const BYE_TIMEOUT_MS = 2_000;

export const MAX_UNCONFIRMED = 64;
export const SHOWN_IDS_PER_PEER = 1024;
export const SHOWN_IDS_PEERS = 256;
export const NAME_MAX_CODE_POINTS = 32;
export const NAME_CHANGE_PAUSE_MS = 10_000;
export const MESSAGE_ID_SIZE = 16;
/** Others with whom a sender may have a session: all but the receiver. */
export const CIRCLE_MAX = 63;
export const ADDRESSES_PER_INTRODUCTION = 8;
/** After a circle of c cells the next one waits this long, or this many ticks for each cell, whichever is longer. */
export const CIRCLE_PAUSE_MS = 2_000;
export const CIRCLE_TICKS_PER_CELL = 4;
/** How long an introduction lasts, and how long a declined one stays declined. */
export const INTRODUCTION_MS = 600_000;
/** How often the friends in the middle are asked, in turn. */
export const MEET_PAUSE_MS = 30_000;
/** Friends in the middle of one introduction, and addresses that they gave. */
export const INTRODUCERS_MAX = 3;
export const INTRODUCTION_ADDRESSES_MAX = 16;
/** Sets of addresses that are called for one yes; when each of them is called again; introductions called at once. */
export const INTRODUCTION_CALLS_MAX = 3;
export const INTRODUCTION_CALL_AT_MS: readonly number[] = [0, 5_000, 15_000];
export const INTRODUCTIONS_AT_ONCE = 4;
/** Of the bounds that count within the last minute. */
export const MINUTE_MS = 60_000;
/** Whoever agrees to all by themselves could otherwise be made to call without end, by people whom a friend invents. */
export const INTRODUCTION_CALLS_PER_MINUTE = 64;
/** What the friend in the middle passes on: one for each pair and direction in this time, this many from one friend a minute. */
export const PASS_ON_PAUSE_MS = 20_000;
export const PASS_ON_PER_MINUTE = 64;
/** Of one connection, those that have not begun to leave: a `meet` and an `introduce` about each of the others. */
export const INTRODUCTIONS_QUEUED_MAX: number = 2 * CIRCLE_MAX;
/** On one connection: the commitment, and then once more with the number behind it. */
export const VERIFIES_MAX = 2;

/** A mesh, not a broadcast network. */
export const MAX_SESSIONS = 64;
/** Connections of one PeerId, whatever their state: two live ones, and two that may follow a silent one. */
export const MAX_CONNECTIONS_PER_PEER = 4;
/** Connections in all, including those that have not authenticated: the locked memory has room for this many (cli/boot.ts). */
export const MAX_CONNECTIONS: number = 2 * MAX_SESSIONS;

/** Silent: ten cells within SILENT_WINDOW_MS and then nothing for SILENT_BUSY_MS, or nothing for SILENT_IDLE_MS. */
export const SILENT_CELLS = 10;
export const SILENT_WINDOW_MS = 10_000;
export const SILENT_BUSY_MS = 5_000;
export const SILENT_IDLE_MS = 45_000;
/** The connection to be kept must bring something this long after the authentication that made it a choice. */
export const SETTLE_TIMEOUT_MS = 5_000;

/** Acks go before messages that have not begun, but no more than this while one waits. */
export const ACKS_IN_A_ROW = 8;

// Admission (section 8): strangers in turn. Networks are an IPv4 /24 or an IPv6 /48, wide ones the /16 or /32 around it.

/** Connections that wait for their turn, from one network, and for how long. */
export const MAX_WAITING = 512;
export const MAX_WAITING_PER_NETWORK = 2;
export const WAITING_MS = 20_000;
/** At most 20 a second begin TLS: with 10 ms of work each, a fifth of a core. */
export const START_PAUSE_MS = 50;
/** Connections that have begun TLS and not authenticated: in all, from one network, from one address. */
export const MAX_PLACES = 64;
export const MAX_PLACES_PER_NETWORK = 8;
export const MAX_PLACES_PER_ADDRESS = 4;
/** Further places for addresses that authenticated in this process. */
export const MAX_PLACES_KNOWN = 4;
/** For this long nobody loses a place to somebody who waits: a round trip or three and a stretch. */
export const PLACE_SAFE_MS = 4_000;
export const CONNECTIONS_PER_MINUTE = 30;
/** Wrong guesses of one address before it waits, and the longest wait. */
export const GUESSES_FREE = 3;
export const GUESS_WAIT_MAX_MS = 600_000;
export const GUESS_WAIT_KNOWN_MAX_MS = 30_000;
/**
 * Guesses of all strangers together. The 10 a minute decide how long a weak phrase lasts; the burst comes once per
 * process, lets 1000 networks burn a first guess each, and leaves 200 for those that have not.
 */
export const GUESS_BURST = 1200;
export const GUESSES_PER_MINUTE = 10;
/** For each wrong guess of its network, up to three, this many more must be left. */
export const GUESS_STEP = 300;
export const WRONG_GUESS_KEPT_MS = 8 * 3_600_000;
/** After this, what a network has wasted counts half. */
export const SCORE_HALF_LIFE_MS = 600_000;
/** The share of its wide network's waste that a network answers for: one in 64. */
export const WIDE_SHARE = 64;
export const NETWORKS_MAX = 8192;
export const WIDE_NETWORKS_MAX = 1024;
export const ADDRESSES_MAX = 1024;
export const ADDRESSES_PER_NETWORK = 64;
export const ADDRESSES_KNOWN_MAX = 64;

/** A dialer's own guesses by a false listener, before it stops calling. */
export const DIAL_GUESSES_PER_TARGET = 3;
export const DIAL_GUESSES_PER_HOUR = 10;
export const SALTS_PER_TARGET = 3;
export const SALTS_WINDOW_MS = 600_000;
/** A dialer connects only when its stretch can start within this. */
export const STRETCH_WAIT_MAX_MS = 5_000;

/** Two-sided calls: how long after the beginning of the call the first attempt comes, and the last. */
export const PUNCH_AFTER_MS = 1_000;
export const PUNCH_FOR_MS = 600_000;
/** For this long the pauses are short. */
export const PUNCH_HASTE_MS = 60_000;
/** After a refusal: `least` from the start of the attempt to the next one, and up to `most` more at random. */
export const PUNCH_PAUSES = { first: { least: 50, most: 100 }, later: { least: 500, most: 1000 } } as const;
/** Of the whole process. */
export const PUNCHES_PER_SECOND = 20;
export const PUNCHES_IN_THE_AIR = 8;
/** Connections of one target that opened and brought no session. */
export const PUNCH_FRUITLESS_MAX = 3;

// --- Ours to choose -------------------------------------------------------------------------------------------------

export const DEFAULT_PORT = 7373;
/** Descriptors that no stranger gets: for a call of ours, its look-up, a stretch, and the listener itself. */
export const DESCRIPTORS_KEPT = 6;
/**
 * Nothing is begun within this time before a tick: no piece of work takes longer, not even the longest paste in a fresh
 * process (measured: 2 ms, with 16 KB of emoji 1 to 4 ms).
 */
export const QUIET_MS = 4;
/** RFC 8305 section 8, Connection Attempt Delay: how long an address has before the next one is tried beside it. */
export const ATTEMPT_DELAY_MS = 250;
/** The race's last attempt begins well within TLS_HANDSHAKE_TIMEOUT_MS; a name with more addresses is not a friend's. */
export const ADDRESSES_PER_NAME_MAX = 16;
/** A resolver that says nothing for this long will not. */
export const NAME_TIMEOUT_MS = 5_000;
/** Once one family's addresses are known, how long to wait for the answer about the other. */
export const OTHER_FAMILY_MS = 1_000;
/**
 * How long a proxy may take for its answer. Tor builds a circuit first, and six hops for an onion service: seconds as a
 * rule, half a minute on a bad day. It gives up by itself after two minutes, which is more than a person waits.
 */
export const PROXY_TIMEOUT_MS = 60_000;
/** At the end of input: how long the program waits for confirmations. */
export const DRAIN_TIMEOUT_MS = 10_000;
/** Messages that wait for a screen that accepts nothing; with more, nobody new is let in. */
export const WAITING_FOR_SCREEN_MAX = 1024;
/**
 * Messages said before the first friend is there, kept for that friend; then the pipe is held. More than a few, since
 * the end of the input cannot be seen until everything before it has been read.
 */
export const HELD_MESSAGES_MAX = 1024;
/** A pipe waits this long for a friend who confirms nothing while others take more. As DRAIN_TIMEOUT_MS, for the same reason. */
export const SLOW_FRIEND_MS = 10_000;
/** Pauses between the calls of one friend: doubled from the first to the longest, each with up to half as much again at random. */
export const RETRY_FIRST_MS = 1_000;
export const RETRY_LONGEST_MS = 60_000;
/** After sleep or in another network: a session that has not been heard from for this long by then is called again. */
export const WOKEN_CHECK_MS = 6_000;
/** Friends to call that one process keeps in mind. */
export const MAX_TARGETS = 64;
/** Stretched phrases kept: for our own salt and for those of the listeners called last. */
export const MAX_STRETCHED = 32;
/** How often the person is told how many strangers were turned away. */
export const TURNED_AWAY_REPORT_MS = 60_000;
/** After silence was first noticed, the socket has this long to show what was waiting in it. */
export const SILENCE_GRACE_MS = 100;
/** Two friends who say different things may just be late: a contradiction is reported after this. */
export const DISPUTE_MS = 10_000;
/** Introductions that one process keeps in mind. */
export const INTRODUCTIONS_MAX = 256;
/** Questions about introductions through one friend in a minute; the rest are listed in /peers. */
export const QUESTIONS_PER_MINUTE = 8;

/** Where Tor usually takes commands, and where calls: the system's Tor, then Tor Browser's. */
export const ONION_CONTROL_PORTS: readonly number[] = [9051, 9151];
export const ONION_SOCKS_PORTS: readonly number[] = [9050, 9150];
