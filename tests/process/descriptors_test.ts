// Strangers take every descriptor that the system allows a listener: friends get in all the same, both meanwhile and
// afterwards.

import { ok } from "node:assert/strict";
import { addressOf, deliver, dial, scripted } from "../harness/process_pair.ts";

for (const limit of [34, 64]) {
  Deno.test(`with a hard limit of ${limit} descriptors a friend gets in while 80 strangers hold connections, and after`, async () => {
    await using listener = await scripted(["listen", "127.0.0.1:0"], { shell: `ulimit -n ${limit}; exec "$@"` });
    const address = await addressOf(listener);
    const port = Number(/\d+$/.exec(address)![0]);
    const strangers: Deno.Conn[] = [];
    // The kernel accepts for the program, so this never fails, however deaf that is.
    for (let n = 0; n < 80; n++) strangers.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    {
      await using friend = await dial(address);
      await friend.event("connected", 60_000);
      await deliver(friend, listener, "while they hold on");
    }
    for (const stranger of strangers) stranger.close();
    await using friend = await dial(address);
    await friend.event("connected", 30_000);
    await deliver(friend, listener, "afterwards");
    ok(listener.alive);
  });
}
