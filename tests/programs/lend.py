"""Threads that fetch from one server and post to another over a few connections lent out one at a time."""
import hashlib
import queue

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, threads
from wire import Peer

IDLE = queue.Queue()


def insert(body):
    connection = IDLE.get()
    try:
        connection.ask("POST", "/rows", body)
    finally:
        IDLE.put(connection)


def work(worker, page):
    source = Peer(SETTINGS["input"])
    filler = b"r" * number("bytes")
    while True:
        _, rows = source.ask("GET", "/rows")
        page.enter(TRANSFORM)
        body = hashlib.sha256(rows).hexdigest().encode() + filler
        page.enter(WRITE)
        insert(body)
        page.enter(FETCH, 1)


for _ in range(number("connections")):
    IDLE.put(Peer(SETTINGS["output"]))
threads(work)
