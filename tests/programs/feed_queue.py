"""Threads that take rows from a queue, which one more thread fills as they come, and post them to a server."""
import hashlib
import queue
import random
import threading
import time

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, seconds, threads
from wire import Peer

ROWS = queue.Queue(maxsize=1024)


def produce():
    while True:
        time.sleep(seconds("spacing_us") * random.uniform(0.9, 1.1))
        ROWS.put(random.randbytes(256))


def work(worker, page):
    sink = Peer(SETTINGS["output"])
    filler = b"r" * number("bytes")
    while True:
        rows = ROWS.get()
        page.enter(TRANSFORM)
        body = hashlib.sha256(rows).hexdigest().encode() + filler
        page.enter(WRITE)
        sink.ask("POST", "/rows", body)
        page.enter(FETCH, 1)


threading.Thread(target=produce, daemon=True).start()
threads(work)
