"""Threads that fetch from a server, compute in Python or in C, or wait in C, and append each to a file of its own."""
import ctypes
import hashlib

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, threads
from wire import Peer

ROUNDS, HASHES, KEPT_US = number("rounds"), number("hashes"), number("kept_us")
# Calls through it keep the interpreter.
LIBC = ctypes.PyDLL(None)


def transform(rows):
    total = len(rows)
    for index in range(ROUNDS):
        total += index * index % 7
    if HASHES:
        # It lets go of the interpreter.
        hashlib.pbkdf2_hmac("sha256", rows[:64], b"salt", HASHES)
    if KEPT_US:
        LIBC.usleep(KEPT_US)
    return str(total).encode()


def work(worker, page):
    source = Peer(SETTINGS["input"])
    filler = b"r" * number("bytes")
    with open(f"data/out-{worker}", "ab", buffering=0) as out:
        while True:
            _, rows = source.ask("GET", "/rows")
            page.enter(TRANSFORM)
            body = transform(rows) + filler
            page.enter(WRITE)
            out.write(body)
            page.enter(FETCH, 1)


threads(work)
