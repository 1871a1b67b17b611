"""Processes that read blocks of one file past the page cache, each at places of its own, and append a sum of each to a file."""
import hashlib
import mmap
import os
import random
import time

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, processes, seconds
from wire import Peer

BLOCK, BLOCKS = number("block"), number("blocks")
FILE = "data/blocks"


def fill():
    """The file, durable, so that nothing of it is still to be written while it is read."""
    with open(FILE, "wb") as file:
        for index in range(BLOCKS):
            file.write(bytes([index % 251]) * BLOCK)
        file.flush()
        os.fsync(file.fileno())


def work(worker, page):
    source = Peer(SETTINGS["input"]) if SETTINGS.get("input") else None
    file = os.open(FILE, os.O_RDONLY | os.O_DIRECT)
    out = os.open(f"data/out-{worker}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    # Memory of whole pages, as reads past the page cache need.
    into = mmap.mmap(-1, BLOCK)
    drawn = random.Random(worker)
    pause = seconds("pause_us")
    while True:
        if source:
            source.ask("GET", "/rows")
        os.preadv(file, [into], BLOCK * drawn.randrange(BLOCKS))
        page.enter(TRANSFORM)
        if pause:
            time.sleep(drawn.expovariate(1 / pause))
        digest = hashlib.sha256(into[:4096]).digest()
        page.enter(WRITE)
        os.write(out, digest)
        page.enter(FETCH, 1)


fill()
if SETTINGS.get("join"):
    with open(SETTINGS["join"], "w") as members:
        members.write(str(os.getpid()))
processes(work)
