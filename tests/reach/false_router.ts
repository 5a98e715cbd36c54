// A router, or a neighbour, that lies: it is on a home's network in the tests of --map-port. Says "ready", and reports
// each connection that it sees. false_router.ts MODE ADDRESS

import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const [mode = "", own = ""] = Deno.args;

/** A PCP answer to this question: granted, with what is changed in it. */
function granted(question: Uint8Array, outer: string): Uint8Array {
  const answer = question.slice();
  answer.set([2, 0x81, 0, 0]);
  answer.fill(0, 8, 24);
  answer.set([0, 0, 0, 9], 8);
  answer.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...outer.split(".").map(Number)], 44);
  return answer;
}

function pcp(question: Uint8Array): Uint8Array[] {
  switch (mode) {
    case "nat-pmp":
      if (question[0] === 2) return [Uint8Array.of(0, 0x81, 0, 1, 0, 0, 0, 9)];
      if (question[1] === 0) return [Uint8Array.of(0, 0x80, 0, 0, 0, 0, 0, 9, 203, 0, 113, 1)];
      return [
        Uint8Array.of(0, 0x82, 0, 0, 0, 0, 0, 9, ...question.subarray(4, 6), ...question.subarray(4, 6), 0, 0, 4, 176),
      ];
    case "mute":
      // Says what it was asked, lifetime 0 for taking it back, and does it.
      if (question.length > 2) {
        console.log(`asked for ${new DataView(question.buffer).getUint32(question[0] === 2 ? 4 : 8)} s`);
      }
      return [];
    case "private":
      return question[0] === 2 ? [granted(question, "10.20.30.40")] : [];
    case "loopback":
      return question[0] === 2 ? [granted(question, "127.0.0.1")] : [];
    case "refuses":
      if (question[0] === 2) return [granted(question, "0.0.0.0").with(3, 2)];
      return [Uint8Array.of(0, 0x82, 0, 2, 0, 0, 0, 9, ...question.subarray(4, 6), 0, 0, 0, 0, 0, 0)];
    case "noise": {
      if (question[0] !== 2) return [];
      const wrongNonce = granted(question, "198.51.100.66");
      wrongNonce[30]! ^= 1;
      const refused = wrongNonce.slice();
      refused[3] = 2;
      return [
        wrongNonce,
        refused,
        wrongNonce.subarray(0, 59),
        new Uint8Array(2000),
        crypto.getRandomValues(new Uint8Array(60)),
      ];
    }
    default:
      return [];
  }
}

const router = createSocket("udp4");
router.on("message", (bytes, from) => {
  for (const answer of pcp(new Uint8Array(bytes))) router.send(answer, from.port, from.address);
});
router.bind(5351, own);

const LOCATIONS: Readonly<Record<string, string>> = {
  elsewhere: "http://192.168.1.10:9999/secret",
  redirect: `http://${own}:8080/d.xml`,
  endless: `http://${own}:8080/d.xml`,
  slow: `http://${own}:8080/d.xml`,
};
if (LOCATIONS[mode] !== undefined) {
  const ssdp = createSocket({ type: "udp4", reuseAddr: true });
  ssdp.on("message", (bytes, from) => {
    if (!String(bytes).startsWith("M-SEARCH")) return;
    const answer = createSocket("udp4");
    answer.bind(
      0,
      own,
      () =>
        answer.send(
          `HTTP/1.1 200 OK\r\nLOCATION: ${LOCATIONS[mode]}\r\n\r\n`,
          from.port,
          from.address,
          () => answer.close(),
        ),
    );
  });
  ssdp.bind(1900, () => ssdp.addMembership("239.255.255.250", own));
}
createServer((socket) => {
  console.log("asked");
  socket.on("error", () => {});
  socket.once("data", () => {
    if (mode === "redirect") {
      socket.end("HTTP/1.1 302 Found\r\nLocation: http://192.168.1.10:9999/secret\r\nContent-Length: 0\r\n\r\n");
    } else {
      socket.write("HTTP/1.1 200 OK\r\n\r\n<root>");
      const chunk = mode === "slow" ? "a" : "a".repeat(65_536);
      const timer = setInterval(() => socket.write(chunk), mode === "slow" ? 500 : 5);
      socket.on("close", () => clearInterval(timer));
    }
  });
}).listen(8080, own, () => console.log("ready"));
