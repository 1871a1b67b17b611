"""Workers that fetch from a server, compute, and write a line each to the output that they have in common."""
import contextlib
import hashlib
import os
import threading

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, run
from wire import Peer

# Threads write one at a time, as they do by `print`.
GUARD = contextlib.nullcontext() if number("forked") else threading.Lock()


def put(line):
    with GUARD:
        os.write(1, line)


def work(worker, page):
    source = Peer(SETTINGS["input"])
    while True:
        _, rows = source.ask("GET", "/rows")
        page.enter(TRANSFORM)
        for _ in range(number("rounds")):
            rows = hashlib.sha256(rows).digest()
        line = rows.hex()[:64].encode().ljust(number("bytes") - 1, b"r") + b"\n"
        page.enter(WRITE)
        put(line)
        page.enter(FETCH, 1)


run(work)
