# Runs a program as on a kernel without IPv6 (ipv6.disable=1): socket(AF_INET6, ...) is EAFNOSUPPORT. x86-64 alone.
import ctypes
import os
import struct
import sys

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
PROGRAM = [
    (LOAD, 0, 0, 0),  # the number of the system call
    (EQUAL, 0, 3, 41),  # socket
    (LOAD, 0, 0, 16),  # its first argument
    (EQUAL, 0, 1, 10),  # AF_INET6
    (RETURN, 0, 0, 0x0005_0000 | 97),  # SECCOMP_RET_ERRNO, EAFNOSUPPORT
    (RETURN, 0, 0, 0x7FFF_0000),  # SECCOMP_RET_ALLOW
]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in PROGRAM))


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]


libc = ctypes.CDLL(None)
wanted = Filter(len(PROGRAM), ctypes.cast(code, ctypes.c_void_p))
# PR_SET_NO_NEW_PRIVS; PR_SET_SECCOMP, SECCOMP_MODE_FILTER.
if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(wanted)) != 0:
    sys.exit("no seccomp")
os.execvp(sys.argv[1], sys.argv[1:])
