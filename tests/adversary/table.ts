// The table of hostile peers: every row, in the order in which a connection meets the checks.

import { CIRCLE_ROWS } from "./rows_circle.ts";
import { CELL_ROWS } from "./rows_cells.ts";
import { FRAME_ROWS } from "./rows_frames.ts";
import { HANDSHAKE_ROWS } from "./rows_handshake.ts";
import { LIMIT_ROWS } from "./rows_limits.ts";
import { MESSAGE_ROWS } from "./rows_messages.ts";
import { RENEWAL_ROWS } from "./rows_renewals.ts";
import { TLS_ROWS } from "./rows_tls.ts";
import type { Row } from "./world.ts";

export const TABLE: readonly Row[] = [
  ...TLS_ROWS,
  ...FRAME_ROWS,
  ...HANDSHAKE_ROWS,
  ...CELL_ROWS,
  ...RENEWAL_ROWS,
  ...MESSAGE_ROWS,
  ...CIRCLE_ROWS,
  ...LIMIT_ROWS,
];
