"""Processes that fetch from a server and insert into PostgreSQL, each by a connection of its own, in a statement that takes a while."""
import hashlib

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, processes, seconds
from postgres import Database
from wire import Peer


def work(worker, page):
    source, database = Peer(SETTINGS["input"]), Database(SETTINGS["output"])
    filler = "r" * number("bytes")
    while True:
        _, rows = source.ask("GET", "/rows")
        page.enter(TRANSFORM)
        body = hashlib.sha256(rows).hexdigest() + filler
        page.enter(WRITE)
        database.query(f"INSERT INTO blocks SELECT '{body}' FROM pg_sleep({seconds('insert_us')})")
        page.enter(FETCH, 1)


processes(work)
