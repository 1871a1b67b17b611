"""Processes that read a piece of input, append it to a file each, and sync that file."""
import hashlib
import os

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, processes
from wire import Peer


def work(worker, page):
    source = Peer(SETTINGS["input"])
    filler = b"r" * number("bytes")
    out = os.open(f"data/out-{worker}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    while True:
        _, rows = source.ask("GET", "/rows")
        page.enter(TRANSFORM)
        digest = hashlib.sha256(rows).digest()
        page.enter(WRITE)
        os.write(out, digest + filler)
        os.fsync(out)
        page.enter(FETCH, 1)


if SETTINGS.get("join"):
    with open(SETTINGS["join"], "w") as members:
        members.write(str(os.getpid()))
processes(work)
