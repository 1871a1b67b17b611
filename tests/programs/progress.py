"""Processes that fetch from a server, append to a file each, and note every item in one small file that all rewrite."""
import fcntl
import hashlib
import json
import os
import time

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, processes, seconds
from wire import Peer

STATE = "data/state"


def save(state, variant):
    text = json.dumps(state).encode()
    target = STATE if variant == 0 else STATE + ".new"
    with open(target, "wb") as file:
        file.write(text)
        file.flush()
        if number("synced"):
            os.fsync(file.fileno())
    if variant != 0:
        os.rename(target, STATE)


def take(guard):
    """Waits for the lock, or asks for it again and again."""
    pause = seconds("poll_us")
    if not pause:
        fcntl.flock(guard, fcntl.LOCK_EX)
        return
    while True:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(pause)


def note(worker, variant, pause):
    """Adds one to this worker's count; nobody else may in between."""
    with open(STATE + ".guard", "r+b") as guard:
        take(guard)
        with open(STATE, "rb") as file:
            state = json.loads(file.read())
        state[str(worker)] = state.get(str(worker), 0) + 1
        time.sleep(pause)
        save(state, variant)


def work(worker, page):
    source = Peer(SETTINGS["input"])
    variant, pause = number("variant"), seconds("held_us")
    filler = b"r" * number("bytes")
    with open(f"data/out-{worker}", "ab", buffering=0) as out:
        while True:
            _, rows = source.ask("GET", "/rows")
            page.enter(TRANSFORM)
            digest = hashlib.sha256(rows).digest()
            page.enter(WRITE)
            out.write(digest + filler)
            note(worker, variant, pause)
            page.enter(FETCH, 1)


for path, text in ((STATE, b"{}"), (STATE + ".guard", b"")):
    with open(path, "wb") as file:
        file.write(text)
processes(work)
