// Which router is asked for a port, of all that the kernel knows: the kernel is played here. A real one: tests/process.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { address, attribute, DONE, kernel, message, whole } from "./netlink_test_kernel.ts";
import { defaultRouters, ownTowards } from "./routes.ts";

const [ROUTES, ADDRESSES] = [26, 22];
const [MAIN, OTHER_TABLE] = [254, 100];
const UNICAST = 1;

interface Route {
  readonly via?: readonly number[];
  readonly index?: number;
  readonly metric?: number;
  readonly table?: number;
  /** Of the addresses behind it; 0: all of them. */
  readonly prefix?: number;
  readonly type?: number;
}

function route(family: number, { via, index = 2, metric, table = MAIN, prefix = 0, type = UNICAST }: Route): number[] {
  return message(
    24,
    ...[family, prefix, 0, 0, table, 0, 0, type, 0, 0, 0, 0],
    ...attribute(15, table, 0, 0, 0),
    ...(via === undefined ? [] : attribute(5, ...via)),
    ...attribute(4, index, 0, 0, 0),
    ...(metric === undefined ? [] : attribute(6, metric & 0xff, metric >> 8, 0, 0)),
  );
}

const HOME = [192, 168, 1, 1];
const WORK = [10, 0, 0, 1];
const OWN = [192, 168, 1, 10];
const SIX = [0xfe, 0x80, ...Array<number>(13).fill(0), 1];
const global6 = (last: number) => [0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), last];

/** A kernel with these routes and addresses; towards whomever, our address is OWN. */
function machine(routes: readonly number[][], addresses: readonly number[][] = []) {
  return kernel((question, request) => {
    if (question === ADDRESSES) return whole(...addresses, DONE);
    equal(question, ROUTES);
    const all = (request[7]! & 3) === 3;
    const towards = message(24, 2, 32, 0, 0, MAIN, 0, 0, UNICAST, 0, 0, 0, 0, ...attribute(7, ...OWN));
    return all ? whole(...routes, DONE) : whole(towards);
  });
}

Deno.test("defaultRouters() is the gateway of the main table's default route with the smallest metric", () => {
  const CASES: readonly (readonly [readonly Route[], readonly number[] | undefined])[] = [
    [[{ via: HOME }], HOME],
    [[{ via: HOME, metric: 600 }, { via: WORK, metric: 100 }], WORK],
    [[{ via: HOME, metric: 600 }, { via: WORK }], WORK], // none is the smallest
    [[], undefined],
    [[{ via: WORK, table: OTHER_TABLE }, { via: HOME, metric: 9 }], HOME],
    [[{ via: WORK, prefix: 8 }, { via: HOME, metric: 9 }], HOME],
    [[{ via: WORK, type: 6 }, { via: HOME, metric: 9 }], HOME], // a black hole
    // All goes into a tunnel: the router of the network around it is none of ours.
    [[{ index: 5, metric: 50 }, { via: HOME, metric: 600 }], undefined],
    [[{ via: SIX }], undefined], // IPv4 by way of an IPv6 router
  ];
  for (const [routes, router] of CASES) {
    const { calls, open } = machine(routes.map((one) => route(2, one)));
    const found = defaultRouters(calls).map(({ router, own }) => [[...router], [...own]]);
    deepEqual(found, router === undefined ? [] : [[router, OWN]], JSON.stringify(routes));
    equal(open.size, 0);
  }
});

Deno.test("defaultRouters() has of IPv6 our first global address of that interface that stays", () => {
  const others = [
    address(10, 0, 3, attribute(1, ...global6(1))), // of another interface
    address(10, 0, 2, attribute(1, ...SIX)), // link-local
    address(10, 0, 2, attribute(1, 0xfd, ...global6(2).slice(1))), // of this site alone
    address(10, 0, 2, attribute(1, ...global6(3)), attribute(8, 0x01, 0, 0, 0)), // temporary
    address(10, 0x20, 2, attribute(1, ...global6(4))), // deprecated
    address(10, 0x40, 2, attribute(1, ...global6(5))), // tentative
  ];
  const routes = [route(10, { via: SIX, index: 2 })];
  const found = (...addresses: number[][]) =>
    defaultRouters(machine(routes, addresses).calls).map(({ router, index, own }) => [[...router], index, [...own]]);
  deepEqual(found(...others), []);
  deepEqual(found(...others, ...[6, 7].map((last) => address(10, 0, 2, attribute(1, ...global6(last))))), [
    [SIX, 2, global6(6)],
  ]);
});

Deno.test("ownTowards() asks for the way to one address, and takes an answer of its family only", () => {
  const { calls, requests } = machine([]);
  deepEqual([...ownTowards(calls, Uint8Array.from(HOME)) ?? []], OWN);
  const [request] = requests as [Uint8Array];
  deepEqual([request[4], request[6]! | request[7]! << 8], [ROUTES, 1]);
  deepEqual([...request.subarray(16, 18)], [2, 32]);
  deepEqual([...request.subarray(28)], attribute(1, ...HOME));
  equal(ownTowards(calls, Uint8Array.from(SIX)), undefined);
});
