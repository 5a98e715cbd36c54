import { deepStrictEqual as deepEqual } from "node:assert/strict";
import type { Message } from "../wire/message.ts";
import { isTold } from "./events.ts";

Deno.test("the owner is told of the first cell of just those messages that it counts", () => {
  const types: Message["type"][] = ["chat", "ack", "name", "bye", "verify", "circle", "meet", "introduce"];
  const told = types.filter((type) => isTold({ type } as Message));
  deepEqual(told, ["verify", "circle", "meet", "introduce"]);
});
