// A program of Windows for windows_test.ts: runs another in its console, then says how that ended and whether the console's
// mode is the one of before.

const kernel32 = Deno.dlopen("kernel32.dll", {
  GetStdHandle: { parameters: ["u32"], result: "isize" },
  GetConsoleMode: { parameters: ["isize", "buffer"], result: "i32" },
}).symbols;

function mode(): string {
  const into = new Uint32Array(1);
  const answered = kernel32.GetConsoleMode(kernel32.GetStdHandle(0xffff_fff6), new Uint8Array(into.buffer));
  return answered === 0 ? "no console" : String(into[0]);
}

const [program = "", ...args] = Deno.args;
const before = mode();
const { code } = new Deno.Command(program, { args, stdin: "inherit", stdout: "inherit", stderr: "inherit" })
  .outputSync();
const after = mode();
console.log(`ended ${code}, mode ${after === before && before !== "no console" ? "as before" : `${before} ${after}`}`);
