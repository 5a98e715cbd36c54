// Which router --map-port would ask on a system whose kernel does not tell its routes, as JSON: ways.ts [ROUTER]

import { waysTo } from "../../src/transport/mapping/ways.ts";

const [typed = ""] = Deno.args;
console.log(JSON.stringify(await waysTo(typed, undefined, new AbortController().signal)));
