# An "internet" in user space between network namespaces, with a delay each way: a TUN device in each of them.
# internet.py MS NAMESPACE=NETWORK[,NETWORK...] ...; says "ready" once the devices are there, ends with its input.
# The kernel of a test machine may have no netem, and two TCP stacks on one wire without a delay never cross.
import ctypes, fcntl, heapq, ipaddress, os, select, struct, sys, time

CLONE_NEWNET, TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x40000000, 0x400454CA, 1, 0x1000
libc = ctypes.CDLL(None, use_errno=True)
delay = float(sys.argv[1]) / 1000
home = os.open("/proc/self/ns/net", os.O_RDONLY)


def tun(namespace):
    there = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
    assert libc.setns(there, CLONE_NEWNET) == 0
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"wire", IFF_TUN | IFF_NO_PI))
    assert libc.setns(home, CLONE_NEWNET) == 0
    os.close(there)
    return device


routes = []
for word in sys.argv[2:]:
    namespace, networks = word.split("=")
    device = tun(namespace)
    routes += [(ipaddress.ip_network(network), device) for network in networks.split(",")]
devices = {device for _, device in routes}
known = {}


def way(address):
    if address not in known:
        ip = ipaddress.ip_address(address)
        known[address] = next((device for network, device in routes if ip in network), None)
    return known[address]


print("ready", flush=True)
waiting, count = [], 0
while True:
    now = time.monotonic()
    while waiting and waiting[0][0] <= now:
        _, _, device, packet = heapq.heappop(waiting)
        try:
            os.write(device, packet)
        except OSError:
            pass
    patience = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    readable, _, _ = select.select([*devices, 0], [], [], patience)
    for device in readable:
        if device == 0:
            if not os.read(0, 1):
                sys.exit(0)
            continue
        packet = os.read(device, 65536)
        to = way(packet[16:20] if packet[0] >> 4 == 4 else packet[24:40])
        if to is not None:
            count += 1
            heapq.heappush(waiting, (time.monotonic() + delay, count, to, packet))
