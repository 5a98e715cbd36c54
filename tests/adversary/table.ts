// The table of issue "Hostile peers": every row of it, in the order in which a connection meets the checks.

import { FRAME_ROWS } from "./rows_frames.ts";
import { HANDSHAKE_ROWS } from "./rows_handshake.ts";
import { CELL_ROWS } from "./rows_cells.ts";
import { MESSAGE_ROWS } from "./rows_messages.ts";
import type { Row } from "./world.ts";

export const TABLE: readonly Row[] = [...HANDSHAKE_ROWS, ...FRAME_ROWS, ...CELL_ROWS, ...MESSAGE_ROWS];
