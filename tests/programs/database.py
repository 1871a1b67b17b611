"""Processes that fetch from a server and insert into one SQLite database, in a transaction that takes a while."""
import hashlib
import sqlite3
import time

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, processes, seconds
from wire import Peer

PATH = "data/out"


def insert(connection, rows, pause):
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO rows VALUES (?, ?)", rows)
    time.sleep(pause)
    connection.execute("COMMIT")


def work(worker, page):
    source = Peer(SETTINGS["input"])
    connection = sqlite3.connect(PATH, timeout=60, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    filler = "r" * number("bytes")
    while True:
        _, rows = source.ask("GET", "/rows")
        page.enter(TRANSFORM)
        digest = hashlib.sha256(rows).hexdigest()
        rows = [(worker, digest + filler)] * number("rows")
        page.enter(WRITE)
        insert(connection, rows, seconds("held_us"))
        page.enter(FETCH, 1)


with sqlite3.connect(PATH) as first:
    first.execute("PRAGMA journal_mode = " + SETTINGS["journal"])
    first.execute("CREATE TABLE rows (worker INTEGER, body TEXT)")
first.close()
processes(work)
