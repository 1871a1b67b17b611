"""Processes that fetch from a server and count in MariaDB, a transaction each: all of them in one row, or each in a row of its own."""
import hashlib

import pymysql

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, processes, seconds
from wire import Peer


def work(worker, page):
    source = Peer(SETTINGS["input"])
    host, port = SETTINGS["output"].split(":")
    database = pymysql.connect(host=host, port=int(port), user="zoo", database="zoo")
    row = 1 if number("one_row") else worker + 1
    filler = "r" * number("bytes")
    with database.cursor() as cursor:
        while True:
            _, rows = source.ask("GET", "/rows")
            page.enter(TRANSFORM)
            body = hashlib.sha256(rows).hexdigest() + filler
            page.enter(WRITE)
            cursor.execute("UPDATE totals SET n = n + 1 WHERE id = %s", (row,))
            cursor.execute("INSERT INTO blocks (body) VALUES (%s)", (body,))
            if number("held_us"):
                cursor.execute("DO SLEEP(%s)", (seconds("held_us"),))
            database.commit()
            page.enter(FETCH, 1)


processes(work)
