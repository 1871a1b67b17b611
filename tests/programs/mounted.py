"""Processes that read a file of a mounted file system after a pause, compute, and append to a file each."""
import hashlib
import os
import time

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, processes, seconds


def fetch(path):
    rows = os.open(path, os.O_RDONLY)
    try:
        return os.read(rows, number("rows_bytes"))
    finally:
        os.close(rows)


def work(worker, page):
    filler = b"r" * number("bytes")
    with open(f"data/out-{worker}", "ab", buffering=0) as out:
        while True:
            rows = fetch(SETTINGS["files"])
            page.enter(TRANSFORM)
            digest = hashlib.sha256(rows).digest()
            page.enter(WRITE)
            out.write(digest + filler)
            # A pause counts with what came before it.
            time.sleep(seconds("paused_us"))
            page.enter(FETCH, 1)


processes(work)
