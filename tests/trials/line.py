# SPDX-License-Identifier: MIT
"""The line between decant and a server, and what goes wrong on it: it is cut, reset or falls silent behind any byte of
either way. What breaks is decided by the connection's number and by bytes, so the same happens every time.
"""

import os
import selectors
import socket
import struct
import threading
from dataclasses import dataclass

from servers import PORT

ANSWERS, QUESTIONS = "answers", "questions"
CUT, RESET, STALL = "cut", "reset", "stall"
PIECE_BYTES = 65536
HELD_BYTES = 4 * PIECE_BYTES


@dataclass(frozen=True)
class Break:
    """What happens once `after` bytes have gone that way, before the next one, on the connections in [first, until)."""
    way: str
    after: int
    how: str
    first: int = 0
    until: int = 1


class Way:
    """One way of one connection: bytes read from `source` and not yet written to `target`."""

    def __init__(self, name, source, target):
        self.name, self.source, self.target = name, source, target
        self.held = b""
        self.passed = 0
        self.ended = False


class Connection:
    def __init__(self, number, client, server):
        self.number, self.client, self.server = number, client, server
        self.ways = (Way(QUESTIONS, client, server), Way(ANSWERS, server, client))
        self.stalled = self.closed = False

    def passed(self, name):
        return next(way.passed for way in self.ways if way.name == name)


class Line(threading.Thread):
    """Listens where decant connects, on a Unix socket or on an address of loopback, as the server behind it does."""

    def __init__(self, stage, server, name="line", address=None):
        super().__init__(daemon=True)
        self.stage, self.server, self.name_ = stage, server, name
        self.socket = None if address else stage.path(name + ".sock")
        self.address = address
        self.breaks = []
        self.connections = []
        self.broken = 0
        self.is_down = self.silent = False
        self.done = threading.Event()
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_INET if address else socket.AF_UNIX)
        if address:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, PORT) if address else self.socket)
        self.listener.listen(64)
        self.listener.setblocking(False)
        self.waker, self.wake = os.pipe()

    # ---- what the trial does to it

    def fall_silent(self):
        """Nothing passes on any connection, nor on new ones, until `speak`."""
        self.stage.say(f"{self.name_} falls silent")
        self.silent = True

    def speak(self):
        self.stage.say(f"{self.name_} speaks again")
        self.silent = False
        os.write(self.wake, b"!")

    def go_down(self):
        """All connections are cut, and new ones too, until `come_up`."""
        self.stage.say(f"{self.name_} goes down")
        self.is_down = True
        os.write(self.wake, b"!")

    def come_up(self):
        self.stage.say(f"{self.name_} comes up")
        self.is_down = False

    def passed(self, way):
        return sum(connection.passed(way) for connection in self.connections)

    def end(self):
        self.done.set()
        os.write(self.wake, b"!")
        self.join()

    # ---- its thread

    def run(self):
        self.selector.register(self.waker, selectors.EVENT_READ)
        self.selector.register(self.listener, selectors.EVENT_READ)
        while not self.done.is_set():
            for key, _ in self.selector.select():
                if key.fileobj == self.waker:
                    os.read(self.waker, 100)
                elif key.fileobj == self.listener:
                    self._accept()
                else:
                    for connection in key.data:
                        self._pass_on(connection)
            for connection in self.connections:
                if self.is_down and not connection.closed:
                    self._close(connection, CUT)
                self._watch(connection)
        for connection in self.connections:
            self._close(connection, CUT)
        self.listener.close()

    def _accept(self):
        client, _ = self.listener.accept()
        server = socket.socket(socket.AF_INET if self.server.address else socket.AF_UNIX)
        connection = Connection(len(self.connections), client, server)
        self.connections.append(connection)
        try:
            server.connect((self.server.address, PORT) if self.server.address else self.server.socket)
        except OSError:
            self._close(connection, CUT)
            return
        for end in client, server:
            end.setblocking(False)
            if end.family == socket.AF_INET:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _watch(self, connection):
        if connection.closed:
            return
        for end in connection.client, connection.server:
            events = 0
            if not connection.stalled and not self.silent:
                for way in connection.ways:
                    if way.source is end and not way.ended and len(way.held) < HELD_BYTES:
                        events |= selectors.EVENT_READ
                    if way.target is end and way.held:
                        events |= selectors.EVENT_WRITE
            try:
                if events:
                    self.selector.modify(end, events, (connection,))
                else:
                    self.selector.unregister(end)
            except KeyError:
                if events:
                    self.selector.register(end, events, (connection,))

    def _break_of(self, connection, way):
        """What is to happen next on this way, and how many bytes go before it."""
        near = [(each.after - way.passed, each.how) for each in self.breaks
                if each.way == way.name and each.first <= connection.number < each.until and each.after >= way.passed]
        return min(near, default=(None, None))

    def _pass_on(self, connection):
        if connection.closed or connection.stalled or self.silent:
            return
        try:
            for way in connection.ways:
                self._read(way)
                left, how = self._break_of(connection, way)
                if way.held:
                    sent = way.target.send(way.held[:left] if left is not None else way.held) if left != 0 else 0
                    way.held = way.held[sent:]
                    way.passed += sent
                    if left is not None and sent == left:
                        self._break(connection, way, how)
                        return
        except BlockingIOError:
            pass
        except OSError:
            self._close(connection, CUT)
            return
        if any(way.ended and not way.held for way in connection.ways):
            self._close(connection, CUT)

    @staticmethod
    def _read(way):
        if way.ended or len(way.held) >= HELD_BYTES:
            return
        try:
            data = way.source.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        way.ended = not data
        way.held += data

    def _break(self, connection, way, how):
        self.stage.say(f"{self.name_}: {how} of connection {connection.number} after {way.passed} bytes of {way.name}")
        self.broken += 1
        if how == STALL:
            connection.stalled = True
        else:
            self._close(connection, how)

    def _close(self, connection, how):
        if connection.closed:
            return
        connection.closed = True
        for end in connection.client, connection.server:
            try:
                self.selector.unregister(end)
            except (KeyError, ValueError):
                pass
            if how == RESET:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()
