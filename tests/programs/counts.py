"""Processes that fetch from a server, compute, and count what they did in one dictionary that a process of its own keeps for them all."""
import hashlib
import multiprocessing.managers
import signal

from books import FETCH, SETTINGS, TRANSFORM, WRITE, number, processes
from wire import Peer


def keep():
    """What the process of the dictionary does first."""
    signal.alarm(number("seconds"))
    with open("/proc/self/comm", "w") as name:
        name.write("keeper")


def count(counts, worker):
    for turn in range(number("calls")):
        counts[f"{worker}-{turn}"] = turn


def work(worker, page):
    source = Peer(SETTINGS["input"])
    while True:
        _, rows = source.ask("GET", "/rows")
        page.enter(TRANSFORM)
        for _ in range(number("rounds")):
            rows = hashlib.sha256(rows).digest()
        page.enter(WRITE)
        count(COUNTS, worker)
        page.enter(FETCH, 1)


KEEPER = multiprocessing.managers.SyncManager()
KEEPER.start(keep)
COUNTS = KEEPER.dict()
processes(work)
