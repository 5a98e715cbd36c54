// The second implementation of docs/PROTOCOL.md, one file per section. It shares no code and no constant with `src`.

export * from "./bytes.ts";
export * from "./cell.ts";
export * from "./frame.ts";
export * from "./handshake.ts";
export * from "./message.ts";
export * from "./peer.ts";
export * from "./ratchet.ts";
export * from "./tls.ts";
