# SPDX-License-Identifier: MIT
"""A network of a trial's own: two namespaces, `here` and `there`, and a wire between them that is made of two tun
devices. What loses packets, delays them and falls silent is in this process, so it takes no module of the kernel's but
tun.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time
from contextlib import contextmanager

from stage import CLONE_NEWNET, Failed, Skipped, call

HERE, THERE = "10.77.0.1", "10.77.0.2"
TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001


class Wire(threading.Thread):
    """The calling thread is `here` afterwards."""

    def __init__(self, stage, delay_ms, loss_percent, packet_bytes=1500):
        super().__init__(daemon=True)
        if os.geteuid() != 0:
            raise Skipped("needs root")
        if not os.path.exists("/dev/net/tun"):
            raise Skipped("this kernel has no tun devices")
        self.stage, self.delay_s, self.loss_percent, self.packet_bytes = stage, delay_ms / 1000, loss_percent, packet_bytes
        self.silent = False
        self.choose = random.Random(stage.name)
        self.spaces, self.ends = {}, {}
        try:
            for name, address in ("there", THERE), ("here", HERE):
                call("unshare", CLONE_NEWNET)
                self.spaces[name] = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
                self.ends[name] = self._tun(address)
        except OSError as failure:
            raise Skipped(f"no network namespaces: {failure}") from failure
        self.start()

    def _tun(self, address):
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"wire", IFF_TUN_NO_PI))
        for words in (["addr", "add", f"{address}/24", "dev", "wire"], ["link", "set", "wire", "mtu", str(self.packet_bytes), "up"],
                      ["link", "set", "lo", "up"]):
            ip(*words)
        return tun

    @contextmanager
    def there(self):
        """What is started meanwhile is at the other end."""
        call("setns", self.spaces["there"], CLONE_NEWNET)
        try:
            yield
        finally:
            call("setns", self.spaces["here"], CLONE_NEWNET)

    def say(self, text, silent):
        self.stage.say(f"the wire {text}")
        self.silent = silent

    def run(self):
        waiting, number = [], 0
        other = {self.ends["here"]: self.ends["there"], self.ends["there"]: self.ends["here"]}
        while True:
            due = max(0, waiting[0][0] - time.monotonic()) if waiting else None
            for end in select.select(list(other), [], [], due)[0]:
                packet = receive(end)
                if packet and not self.silent and self.choose.randrange(100) >= self.loss_percent:
                    number += 1
                    heapq.heappush(waiting, (time.monotonic() + self.delay_s, number, other[end], packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(waiting)
                send(end, packet)


def receive(end):
    try:
        return os.read(end, 65536)
    except OSError:  # taken already, or the device is down
        time.sleep(0.001)
        return b""


def send(end, packet):
    try:
        os.write(end, packet)
    except OSError:  # it is down: that's what is tried
        pass


def ip(*words):
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"ip {' '.join(words)}: {done.stderr.strip()}")
