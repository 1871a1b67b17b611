"""Processes that take rows from one pipe, which one more process fills as they come, and post them to a server."""
import hashlib
import os
import random
import signal
import time

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, processes, seconds
from wire import Peer

ROW = 256
READ, FILL = os.pipe()


def produce():
    signal.alarm(number("seconds"))
    while True:
        time.sleep(seconds("spacing_us") * random.uniform(0.9, 1.1))
        os.write(FILL, random.randbytes(ROW))


def work(worker, page):
    sink = Peer(SETTINGS["output"])
    filler = b"r" * number("bytes")
    while True:
        rows = os.read(READ, ROW)
        page.enter(TRANSFORM)
        body = hashlib.sha256(rows).hexdigest().encode() + filler
        page.enter(WRITE)
        sink.ask("POST", "/rows", body)
        page.enter(FETCH, 1)


if os.fork() == 0:
    produce()
processes(work)
