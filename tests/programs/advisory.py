"""Processes that fetch from a server and insert into PostgreSQL, each by a connection of its own, and one after the other: by an advisory lock."""
import hashlib

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, processes, seconds
from postgres import Database
from wire import Peer

def insert(database, body):
    database.query("BEGIN")
    database.query("SELECT pg_advisory_xact_lock(0, 4711)")
    database.query(f"INSERT INTO blocks VALUES ('{body}')")
    database.query(f"SELECT pg_sleep({seconds('held_us')})")
    database.query("COMMIT")


def work(worker, page):
    source, database = Peer(SETTINGS["input"]), Database(SETTINGS["output"])
    filler = "r" * number("bytes")
    while True:
        _, rows = source.ask("GET", "/rows")
        page.enter(TRANSFORM)
        body = hashlib.sha256(rows).hexdigest() + filler
        page.enter(WRITE)
        insert(database, body)
        page.enter(FETCH, 1)


processes(work)
