"""A real pseudo-terminal around one program at a time, and the clock that stops when it is gone.

Commands come as JSON lines on standard input, answers go the same way (pty.ts is the other side). The program stands
under a leader that plays the shell: without one the kernel would reset the terminal's modes when the program ends, and
whether they were put back could not be seen. Time is taken in here, between the write of a key and the pidfd that says
that the last thread is gone.
"""

import ctypes
import fcntl
import json
import os
import re
import select
import signal
import struct
import sys
import termios
import time

SEQUENCE = re.compile(r"\x1b(?:\[[0-9;:?<>=]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])")
PR_SET_CHILD_SUBREAPER = 36
TAIL = 4000


class Program:
    def __init__(self, argv, env, cwd, columns, rows):
        self.master, slave = os.openpty()
        self.resize(columns, rows)
        self.modes = termios.tcgetattr(self.master)
        self.read = True
        self.output = b""
        self.looked = 0
        said, say = os.pipe()
        self.leader = os.fork()
        if self.leader == 0:
            os.close(said)
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            go, start = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.setpgid(0, 0)
                os.close(start)
                os.read(go, 1)
                signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                for fd in (0, 1, 2):
                    os.dup2(slave, fd)
                os.closerange(3, 256)
                os.chdir(cwd)
                os.execve(argv[0], argv, env)
            try:
                os.setpgid(pid, pid)
            except OSError:
                pass
            os.tcsetpgrp(slave, pid)
            os.write(start, b"x")
            os.write(say, struct.pack("i", pid))
            os.close(self.master)
            os.write(say, struct.pack("i", os.waitpid(pid, 0)[1]))
            # A shell stays; what the program left behind is looked at while it does.
            signal.pause()
            os._exit(0)
        os.close(say)
        os.close(slave)
        self.said = said
        self.pid = struct.unpack("i", os.read(said, 4))[0]
        self.pidfd = os.pidfd_open(self.pid)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def pump(self, seconds):
        """Reads what there is, waiting at most so long. False: the program is gone."""
        fds = [self.pidfd] + ([self.master] if self.read else [])
        ready = select.select(fds, [], [], seconds)[0]
        if self.master in ready:
            try:
                self.output += os.read(self.master, 65536)
            except OSError:
                self.read = False
        return self.pidfd not in ready

    def drain(self):
        """Reads what there is and does not wait."""
        while self.read and select.select([self.master], [], [], 0)[0]:
            try:
                self.output += os.read(self.master, 65536)
            except OSError:
                self.read = False

    def text(self, begin):
        return SEQUENCE.sub("", self.output[begin:].decode("utf-8", "replace"))

    def until(self, pattern, ms, begin=0):
        """When the pattern stood in what came after `begin`, in milliseconds from now; None: it never did."""
        began = time.perf_counter()
        wanted = re.compile(pattern)
        while True:
            if wanted.search(self.text(begin)):
                return (time.perf_counter() - began) * 1000
            left = ms / 1000 - (time.perf_counter() - began)
            if left <= 0:
                return None
            if not self.pump(left):
                # Gone: what it wrote last is in the terminal, or has just been read.
                self.drain()
                return (time.perf_counter() - began) * 1000 if wanted.search(self.text(begin)) else None

    def sockets(self):
        found = set()
        try:
            for fd in os.listdir(f"/proc/{self.pid}/fd"):
                try:
                    match = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{self.pid}/fd/{fd}"))
                except OSError:
                    continue
                if match:
                    found.add(match.group(1))
        except OSError:
            pass
        return found

    def left(self, inodes):
        """What is still there of a program that is gone."""
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) == self.leader:
                continue
            try:
                with open(f"/proc/{name}/stat") as file:
                    stat = file.read()
            except OSError:
                continue
            fields = stat.rpartition(")")[2].split()
            if int(fields[3]) == self.leader:
                found.append(f"process {name} {stat[:40]}")
        for table in ("tcp", "tcp6", "udp", "udp6"):
            with open(f"/proc/net/{table}") as file:
                for line in list(file)[1:]:
                    if line.split()[9] in inodes:
                        found.append(f"socket {line.split()[1]}")
        return found

    def end(self, how, value):
        inodes = self.sockets()
        mark = len(self.output)
        began = time.perf_counter()
        if how == "bytes":
            os.write(self.master, value.encode("latin-1"))
        elif how == "signal":
            os.kill(self.pid, getattr(signal, value))
        else:
            os.close(self.master)
            self.read = False
        deadline = began + 10
        gone = False
        while not gone and time.perf_counter() < deadline:
            gone = not self.pump(deadline - time.perf_counter())
        took = (time.perf_counter() - began) * 1000
        if not gone:
            os.kill(self.pid, signal.SIGKILL)
        status = os.read(self.said, 4)
        if len(status) == 4:
            status = struct.unpack("i", status)[0]
        else:  # the leader went with its terminal, and the program is ours now
            try:
                status = os.waitpid(self.pid, 0)[1]
            except ChildProcessError:
                status = None
        left = self.left(inodes)
        same = None
        if how != "close":
            self.drain()
            same = termios.tcgetattr(self.master) == self.modes
        return {
            "gone": gone,
            "ms": took,
            "code": None if status is None or not os.WIFEXITED(status) else os.WEXITSTATUS(status),
            "sameModes": same,
            "sockets": len(inodes),
            "left": left,
            "after": self.output[mark:].decode("utf-8", "replace")[-TAIL:],
        }

    def close(self):
        for pid in (self.pid, self.leader):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for pid in (self.leader, self.pid):
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass
        for fd in (self.master, self.said, self.pidfd):
            try:
                os.close(fd)
            except OSError:
                pass


def perform(program, command):
    """One command; the answer and the program that stands from then on."""
    name = command["name"]
    if name == "open":
        if program is not None:
            program.close()
        program = Program(command["argv"], command["env"], command["cwd"], command["columns"], command["rows"])
        return {"pid": program.pid}, program
    if name == "until":
        # A view that has it already, or one that gets it.
        ms = program.until(command["pattern"], command["ms"], program.looked if command["fresh"] else 0)
        program.looked = len(program.output)
        return {"found": ms is not None, "text": "" if ms is not None else program.text(0)[-TAIL:]}, program
    if name == "write":
        os.write(program.master, command["bytes"].encode("latin-1"))
        return {}, program
    if name == "rest":
        until = time.perf_counter() + command["ms"] / 1000
        while time.perf_counter() < until and program.pump(until - time.perf_counter()):
            pass
        return {}, program
    if name == "block":
        # Nobody reads, and larger and smaller windows are painted until nothing fits between any more.
        program.read = False
        waiting = lambda: struct.unpack("i", fcntl.ioctl(program.master, termios.FIONREAD, b"\0" * 4))[0]
        before, still = -1, 0
        for i in range(2000):
            program.resize(200 - i % 2, 60)
            time.sleep(0.004)
            now = waiting()
            still = still + 1 if now == before and now > 4000 else 0
            before = now
            if still > 25:
                break
        return {"blocked": still > 25, "waiting": before}, program
    if name == "stop":
        termios.tcflow(program.master, termios.TCIOFF if command["how"] == "input" else termios.TCOOFF)
        return {}, program
    if name == "echo":
        # Each byte alone, then the wait for it; what is read between counts as seen before.
        times = []
        for char in command["bytes"]:
            until = time.perf_counter() + command["pauseMs"] / 1000
            while time.perf_counter() < until and program.pump(until - time.perf_counter()):
                pass
            mark = len(program.output)
            began = time.perf_counter()
            os.write(program.master, char.encode("latin-1"))
            if program.until(re.escape(char), 5000, mark) is None:
                return {"times": times, "missing": char}, program
            times.append((time.perf_counter() - began) * 1000)
        return {"times": times, "missing": None}, program
    if name == "signal":
        os.kill(program.pid, getattr(signal, command["value"]))
        return {}, program
    if name == "cooked":
        # As a shell does when it has the terminal back.
        termios.tcsetattr(program.master, termios.TCSANOW, program.modes)
        return {}, program
    if name == "output":
        return {"output": program.output.decode("utf-8", "replace")}, program
    if name == "end":
        return program.end(command["how"], command["value"]), program
    raise ValueError(name)


def main():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    program = None
    try:
        for line in sys.stdin:
            answer, program = perform(program, json.loads(line))
            print(json.dumps(answer), flush=True)
    finally:
        if program is not None:
            program.close()


main()
