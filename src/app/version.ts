// The program's version, in one place; CHANGELOG.md names the same.

import { PROTOCOL_VERSION } from "../constants.ts";

export const VERSION = `sesame 0.1.0, protocol ${PROTOCOL_VERSION}`;
