"""Settings, the books a worker keeps of its own work (layout: holdup::demo::Ledger), and workers of both kinds."""
import mmap
import os
import signal
import threading
import time

FETCH, TRANSFORM, WRITE, OTHER = 1, 2, 3, 4

with open("settings") as lines:
    SETTINGS = dict(line.rstrip("\n").split(" ", 1) for line in lines)


def number(name):
    return int(SETTINGS.get(name, 0))


def seconds(name):
    """A setting in microseconds, as seconds."""
    return number(name) / 1e6


class Page:
    """One worker's page: 16 numbers."""

    def __init__(self, worker):
        with open("books", "r+b") as file:
            self.cells = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")[(worker + 1) * 16 : (worker + 2) * 16]

    def enter(self, stage, items=0):
        """Ends the stage under way with `items` items done, and begins `stage`."""
        cells = self.cells
        cells[0] += 1
        now = time.monotonic_ns()
        cells[4 + cells[1]] += now - cells[2]
        cells[3] += items
        cells[1] = stage
        cells[2] = now
        cells[0] += 1


def begin(work, worker):
    time.sleep(seconds("stagger_us") * worker)
    page = Page(worker)
    page.enter(FETCH)
    work(worker, page)


def processes(work):
    """Runs `work(worker, page)` in a process for each worker."""
    signal.alarm(number("seconds"))
    for worker in range(number("workers")):
        if os.fork() == 0:
            signal.alarm(number("seconds"))
            try:
                begin(work, worker)
            finally:
                os._exit(1)
    while True:
        signal.pause()


def threads(work):
    """Runs `work(worker, page)` in a thread for each worker."""
    signal.alarm(number("seconds"))
    crew = [threading.Thread(target=begin, args=(work, worker)) for worker in range(number("workers"))]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()


def run(work):
    """One of both, as the settings say."""
    (processes if number("forked") else threads)(work)
