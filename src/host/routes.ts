// The router that this machine sends everything to, requested from the Linux kernel over rtnetlink: of the default
// routes in the main table, the one with the smallest metric, if it has a gateway. Nothing leaves the machine. Out of
// scope: asking that router for anything (transport/mapping).

import {
  AF_INET,
  AF_INET6,
  ask,
  attributesOf,
  dump,
  NETLINK_ROUTE,
  type NetlinkCalls,
  NLM_F_REQUEST,
  u32,
  usableAddresses,
} from "./netlink.ts";

export interface DefaultRouter {
  /** 4 or 16 bytes. */
  readonly router: Uint8Array;
  /** The interface that it is reached by. */
  readonly index: number;
  /**
   * Our own address towards it. Of IPv6 a global one of that interface that stays (neither temporary nor deprecated), since
   * the kernel would pick the link-local one.
   */
  readonly own: Uint8Array;
}

/** Of each family at most one. A tunnel has no gateway, so its family has none. */
export function defaultRouters(libc: NetlinkCalls): DefaultRouter[] {
  return [AF_INET, AF_INET6].flatMap((family) => {
    const [best] = defaultRoutes(libc, family).sort((a, b) => a.metric - b.metric);
    if (best?.router === undefined) return [];
    const { router, index } = best;
    const own = family === AF_INET ? ownTowards(libc, router) : lastingAddress(libc, index);
    return own === undefined ? [] : [{ router, index, own }];
  });
}

/** Our own address towards somebody, 4 or 16 bytes as theirs; undefined: there is no way. */
export function ownTowards(libc: NetlinkCalls, to: Uint8Array): Uint8Array | undefined {
  const body = new Uint8Array(RTMSG_SIZE + 4 + to.length);
  body[0] = to.length === 4 ? AF_INET : AF_INET6;
  body[1] = 8 * to.length;
  body.set([4 + to.length, 0, RTA_DST, 0], RTMSG_SIZE);
  body.set(to, RTMSG_SIZE + 4);
  let own: Uint8Array | undefined;
  ask(libc, NETLINK_ROUTE, RTM_GETROUTE, NLM_F_REQUEST, body, (type, answer) => {
    if (type === RTM_NEWROUTE) own = attributesOf(answer.subarray(RTMSG_SIZE)).get(RTA_PREFSRC)?.slice();
  });
  return own?.length === to.length ? own : undefined;
}

interface Route {
  readonly metric: number;
  readonly router: Uint8Array | undefined;
  readonly index: number;
}

function defaultRoutes(libc: NetlinkCalls, family: number): Route[] {
  const routes: Route[] = [];
  dump(libc, RTM_GETROUTE, (type, body) => {
    if (type !== RTM_NEWROUTE || body[0] !== family || body[1] !== 0 || body[7] !== RTN_UNICAST) return;
    const attributes = attributesOf(body.subarray(RTMSG_SIZE));
    const wide = attributes.get(RTA_TABLE);
    if ((wide === undefined ? body[4] : u32(wide, 0)) !== RT_TABLE_MAIN) return;
    const router = attributes.get(RTA_GATEWAY);
    const index = attributes.get(RTA_OIF);
    routes.push({
      metric: u32(attributes.get(RTA_PRIORITY) ?? NONE, 0),
      router: router?.length === (family === AF_INET ? 4 : 16) ? router.slice() : undefined,
      index: u32(index ?? NONE, 0),
    });
  });
  return routes;
}

function lastingAddress(libc: NetlinkCalls, index: number): Uint8Array | undefined {
  return usableAddresses(libc).find((one) =>
    one.index === index && one.bytes.length === 16 && (one.flags & IFA_F_TEMPORARY) === 0 &&
    one.bytes[0]! >> 5 === GLOBAL_UNICAST
  )?.bytes;
}

const NONE = new Uint8Array(4);
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;
const RTN_UNICAST = 1;
const RT_TABLE_MAIN = 254;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_TABLE = 15;
const IFA_F_TEMPORARY = 0x01;
/** 2000::/3. */
const GLOBAL_UNICAST = 1;
/** struct rtmsg. */
const RTMSG_SIZE = 12;
