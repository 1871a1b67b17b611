"""Workers that fetch from one server and post to another, which turns some away: those are tried again a little later."""
import hashlib
import random
import time

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, run, seconds
from wire import Peer


def insert(sink, body, pause):
    while True:
        status, _ = sink.ask("POST", "/rows", body)
        if status not in (429, 503):
            return
        time.sleep(pause * random.uniform(0.5, 1.5))


def work(worker, page):
    source, sink = Peer(SETTINGS["input"]), Peer(SETTINGS["output"])
    filler = b"r" * number("bytes")
    while True:
        _, rows = source.ask("GET", "/rows")
        page.enter(TRANSFORM)
        body = hashlib.sha256(rows).hexdigest().encode() + filler
        page.enter(WRITE)
        insert(sink, body, seconds("pause_us"))
        page.enter(FETCH, 1)


run(work)
