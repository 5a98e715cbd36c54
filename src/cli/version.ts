// The program's version, in one place; CHANGELOG.md names the same. A build writes into its copy of this file what it is.

import { PROTOCOL_VERSION } from "../constants.ts";

/** "from source", "compiled" or "portable", with the target and the hash of the source (scripts/release/stage.ts). */
const FORM = "from source";

export const VERSION: string = `sesame 0.2.0, protocol ${PROTOCOL_VERSION}, ${FORM}`;
