"""Workers that fetch from one server and post to another, each on connections of its own."""
import hashlib

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, run
from wire import Peer


def work(worker, page):
    tls = number("tls") == 1
    source, sink = Peer(SETTINGS["input"], tls), Peer(SETTINGS["output"], tls)
    filler = b"r" * number("bytes")
    while True:
        _, rows = source.ask("GET", "/rows")
        page.enter(TRANSFORM)
        for _ in range(number("rounds")):
            rows = hashlib.sha256(rows).digest()
        body = rows.hex().encode() + filler
        page.enter(WRITE)
        sink.ask("POST", "/rows", body)
        page.enter(FETCH, 1)


run(work)
