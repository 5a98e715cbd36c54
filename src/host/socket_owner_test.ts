import { strictEqual as equal } from "node:assert/strict";
import { LINUX_LIBRARIES, LINUX_SYMBOLS } from "./linux.ts";
import { kernel } from "./netlink_test_kernel.ts";
import { socketOwner } from "./socket_owner.ts";

/** An answer of the kernel about that socket. */
function answer(near: number, far: number, uid: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16 + 72));
  view.setUint32(0, view.byteLength, true);
  view.setUint16(4, 20, true);
  view.setUint8(16, 2);
  view.setUint16(20, near);
  view.setUint16(22, far);
  view.setUint32(16 + 64, uid, true);
  return new Uint8Array(view.buffer);
}

Deno.test("socketOwner() reads the owner of the socket that was asked for, and of no other", () => {
  const owner = (bytes: Uint8Array) => socketOwner(kernel(() => [bytes]).calls, { near: 9051, far: 0 });
  equal(owner(answer(9051, 0, 103)), 103);
  equal(owner(answer(9052, 0, 103)), undefined);
  equal(owner(answer(9051, 7, 103)), undefined);
  equal(owner(answer(9051, 0, 103).subarray(0, 87)), undefined);
  const short = answer(9051, 0, 103);
  short[0] = 87;
  equal(owner(short), undefined);
  const error = answer(9051, 0, 103);
  error[4] = 2; // NLMSG_ERROR
  equal(owner(error), undefined);
  equal(owner(new Uint8Array(0)), undefined);
});

Deno.test("socketOwner() asks for one socket of loopback, and leaves the rest to the kernel", () => {
  const { calls, requests } = kernel(() => []);
  socketOwner(calls, { near: 9051, far: 0x1234 });
  socketOwner(calls, { near: 9051, far: 0, six: true });
  const [asked, six] = requests as [Uint8Array, Uint8Array];
  equal(asked.length, 72);
  equal(asked.subarray(0, 8).toHex(), "4800000014000100");
  equal(asked.subarray(24, 28).toHex(), "235b1234");
  equal(asked.subarray(28, 32).toHex(), "7f000001");
  equal(asked.subarray(44, 48).toHex(), "7f000001");
  equal(asked.subarray(64).toHex(), "ff".repeat(8));
  equal(six.subarray(16, 18).toHex(), "0a06");
  equal(six.subarray(28, 60).toHex(), `${"00".repeat(15)}01${"00".repeat(16)}`);
});

Deno.test({
  name: "socketOwner() asks the real kernel: our listener and our caller are ours, and a free port is nobody's",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const libc = Deno.dlopen(LINUX_LIBRARIES[0]!, LINUX_SYMBOLS);
    try {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr;
      equal(socketOwner(libc.symbols, { near: port, far: 0 }), Deno.uid());
      const [caller, accepted] = await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
      const far = caller.localAddr.port;
      equal(socketOwner(libc.symbols, { near: far, far: port }), Deno.uid());
      equal(socketOwner(libc.symbols, { near: far, far: port + 1 }), undefined);
      for (const open of [caller, accepted, listener]) open.close();
      equal(socketOwner(libc.symbols, { near: port, far: 0 }), undefined);
      using six = Deno.listen({ hostname: "::1", port: 0 });
      equal(socketOwner(libc.symbols, { near: six.addr.port, far: 0, six: true }), Deno.uid());
      equal(socketOwner(libc.symbols, { near: six.addr.port, far: 0 }), undefined);
    } finally {
      libc.close();
    }
  },
});
