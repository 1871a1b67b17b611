"""As much of PostgreSQL's protocol as the workloads need."""
import socket
import struct

# Version 3.0 of the protocol.
VERSION = 196608


class Database:
    """A connection to PostgreSQL that asks one statement at a time (documentation of PostgreSQL 15, chapter 55)."""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""
        self.send(b"", struct.pack("!i", VERSION) + b"user\0zoo\0database\0postgres\0\0")

    def query(self, text):
        self.send(b"Q", text.encode() + b"\0")

    def send(self, kind, body):
        """Sends a message and reads all there is to its answer."""
        self.socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)
        while True:
            kind, body = self.message()
            if kind == b"E":
                raise RuntimeError(body)
            if kind == b"Z":
                return

    def message(self):
        while True:
            if len(self.unread) >= 5:
                end = 1 + struct.unpack_from("!i", self.unread, 1)[0]
                if len(self.unread) >= end:
                    kind, body = self.unread[:1], self.unread[5:end]
                    self.unread = self.unread[end:]
                    return kind, body
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.unread += more
