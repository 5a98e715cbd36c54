// The lines of Tor's control port (control-spec, sections 2 to 4): replies out of bytes, and what is read from them.
// Strict: anything that speaks otherwise is not a Tor that we rely on. Pure. Out of scope: the socket, and what is
// asked in which order (control.ts).

/** One reply: its code, and what stands behind it in each of its lines. Codes of 6xx are events. */
export interface Reply {
  readonly code: number;
  readonly lines: readonly string[];
}

/** Puts replies together. Every bound is far above what Tor says to our few questions. */
export class ReplyReader {
  #rest = "";
  #lines: string[] = [];

  /** The replies that are whole by now; undefined once something came that is not a control port's, and for ever after. */
  read(bytes: Uint8Array): readonly Reply[] | undefined {
    if (this.#broken) return undefined;
    // One byte is one character: what we read is ASCII, but for paths, which keep their bytes so.
    for (const byte of bytes) this.#rest += String.fromCharCode(byte);
    const whole: Reply[] = [];
    for (let end = this.#rest.indexOf("\r\n"); end >= 0; end = this.#rest.indexOf("\r\n")) {
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      const reply = this.#line(line);
      if (reply === "broken") return this.#fail();
      if (reply !== undefined) whole.push(reply);
    }
    // One more: it may be the \r of a line whose \n has not come yet.
    return this.#rest.length > LINE_MAX_BYTES + 1 ? this.#fail() : whole;
  }

  #broken = false;

  #fail(): undefined {
    this.#broken = true;
    return undefined;
  }

  #line(line: string): Reply | "broken" | undefined {
    const code = line.slice(0, 3);
    // `+` begins a block of data, which none of our questions is answered with.
    if (line.length > LINE_MAX_BYTES || !/^[2-6]\d\d[- ]/.test(line)) return "broken";
    this.#lines.push(line);
    if (this.#lines.length > LINES_MAX || this.#lines.some((one) => one.slice(0, 3) !== code)) return "broken";
    if (line[3] === "-") return undefined;
    const lines = this.#lines.map((one) => one.slice(4));
    this.#lines = [];
    return { code: Number(code), lines };
  }
}

/** How a Tor lets somebody in, by its own word. */
export interface ProtocolInfo {
  readonly methods: readonly string[];
  /** As bytes, each a character. */
  readonly cookieFile: string | undefined;
}

/** The answer to `PROTOCOLINFO 1`; undefined if it is not one. */
export function protocolInfo({ code, lines }: Reply): ProtocolInfo | undefined {
  if (code !== 250 || lines[0] !== "PROTOCOLINFO 1" || lines.at(-1) !== "OK") return undefined;
  const [auth = ""] = lines.filter((line) => line.startsWith("AUTH "));
  const methods = /^AUTH METHODS=([A-Z,]{1,64})(?: |$)/.exec(auth)?.[1]?.split(",");
  if (methods === undefined) return undefined;
  const path = / COOKIEFILE=(".*)/s.exec(auth)?.[1];
  const cookieFile = path && unquoted(path);
  if (path !== undefined && cookieFile === undefined) return undefined;
  return { methods, cookieFile };
}

/** What a QuotedString (control-spec 2.1.1) holds; undefined if the text is not one, or more. */
function unquoted(text: string): string | undefined {
  return /^"((?:[^"\\]|\\.)*)"$/s.exec(text)?.[1]?.replace(
    /\\([0-3][0-7]{2}|.)/gs,
    (_, escaped: string) =>
      escaped.length === 3 ? String.fromCharCode(Number.parseInt(escaped, 8)) : ESCAPES[escaped] ?? escaped,
  );
}

/** Both values of `AUTHCHALLENGE SAFECOOKIE`, 32 bytes each. */
export interface Challenge {
  readonly serverHash: Uint8Array;
  readonly serverNonce: Uint8Array;
}

/** Undefined: no answer to our challenge. */
export function challenge({ code, lines }: Reply): Challenge | undefined {
  const [line = ""] = lines;
  const match = /^AUTHCHALLENGE SERVERHASH=([0-9A-Fa-f]{64}) SERVERNONCE=([0-9A-Fa-f]{64})$/.exec(line);
  if (code !== 250 || lines.length !== 1 || match === null) return undefined;
  return { serverHash: Uint8Array.fromHex(match[1]!), serverNonce: Uint8Array.fromHex(match[2]!) };
}

/** `NAME.onion` of the answer to ADD_ONION; undefined: there is none. */
export function onionName({ code, lines }: Reply): string | undefined {
  if (code !== 250) return undefined;
  const name = lines.map((line) => /^ServiceID=([a-z2-7]{56})$/.exec(line)?.[1]).find((found) => found !== undefined);
  return name === undefined ? undefined : `${name}.onion`;
}

/** The onion name (without its ending) whose descriptor this event says was uploaded. */
export function uploaded({ code, lines: [line = ""] }: Reply): string | undefined {
  return code === 650 ? /^HS_DESC UPLOADED ([a-z2-7]{56}) /.exec(line)?.[1] : undefined;
}

/** How far Tor's start has come, in percent, by the answer to `GETINFO status/bootstrap-phase`. */
export function bootstrapPercent({ code, lines: [line = ""] }: Reply): number | undefined {
  const percent = /^status\/bootstrap-phase=[A-Z]{1,8} BOOTSTRAP PROGRESS=(\d{1,3}) /.exec(line)?.[1];
  return code === 250 && percent !== undefined && Number(percent) <= 100 ? Number(percent) : undefined;
}

const LINE_MAX_BYTES = 4096;
const LINES_MAX = 64;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
