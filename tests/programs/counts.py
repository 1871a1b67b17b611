"""Processes that fetch from a server, compute, and count names in one table that a process of its own keeps for them all."""
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


class Counts:
    """How often names came, by a number that is reckoned from all letters of a name."""

    def __init__(self):
        self.counts = {}

    def add(self, name):
        key = 5381
        for letter in name:
            key = (key * 33 + ord(letter)) & 0xFFFFFFFF
        self.counts[key] = self.counts.get(key, 0) + 1


class Keeper(multiprocessing.managers.BaseManager):
    pass


def count(counts, worker):
    for turn in range(number("calls")):
        counts.add(f"{worker}-{turn}".ljust(number("letters"), "."))


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


Keeper.register("Counts", Counts)
KEEPER = Keeper()
KEEPER.start(keep)
COUNTS = KEEPER.Counts()
processes(work)
