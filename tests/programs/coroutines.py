"""Coroutines of one event loop that fetch from one server and post to another, past what the settings say."""
import asyncio
import contextlib
import hashlib
import signal
import time

from books import FETCH, OTHER, SETTINGS, TRANSFORM, WRITE, Page, number, seconds


class Peer:
    """A kept-alive connection that one asks on at a time."""

    @classmethod
    async def connect(cls, address):
        self = cls()
        host, port = address.split(":")
        self.reader, self.writer = await asyncio.open_connection(host, int(port))
        return self

    async def ask(self, method, path, body=b""):
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        head = await self.reader.readuntil(b"\r\n\r\n")
        fields = head.lower().split(b"\r\n")
        length = next(int(field[15:]) for field in fields if field.startswith(b"content-length:"))
        return await self.reader.readexactly(length)


async def append_block(page, guard, sink, body):
    if guard is not None:
        page.enter(OTHER)
        async with guard:
            page.enter(WRITE)
            await sink.ask("POST", "/rows", body)
    else:
        page.enter(WRITE)
        await sink.ask("POST", "/rows", body)


async def lend(page, idle, body):
    page.enter(WRITE)
    sink = await idle.get()
    try:
        await sink.ask("POST", "/rows", body)
    finally:
        idle.put_nowait(sink)


def digest(rows):
    for _ in range(number("rounds")):
        rows = hashlib.sha256(rows).digest()
    return rows.hex().encode()


async def work(worker, guard, idle):
    await asyncio.sleep(seconds("stagger_us") * worker)
    source = await Peer.connect(SETTINGS["input"])
    sink = await Peer.connect(SETTINGS["output"]) if idle is None else None
    filler = b"r" * number("bytes")
    page = Page(worker)
    page.enter(FETCH)
    while True:
        rows = await source.ask("GET", "/rows")
        if number("stalled_us"):
            time.sleep(seconds("stalled_us"))
        page.enter(TRANSFORM)
        body = digest(rows) + filler
        if number("paused_us"):
            page.enter(OTHER)
            await asyncio.sleep(seconds("paused_us"))
        if idle is None:
            await append_block(page, guard, sink, body)
        else:
            await lend(page, idle, body)
        page.enter(FETCH, 1)


async def main():
    guard, idle = None, None
    if number("slots") == 1:
        guard = asyncio.Lock()
    elif number("slots"):
        guard = asyncio.Semaphore(number("slots"))
    if number("connections"):
        idle = asyncio.Queue()
        for _ in range(number("connections")):
            idle.put_nowait(await Peer.connect(SETTINGS["output"]))
    workers = [asyncio.create_task(work(worker, guard, idle)) for worker in range(number("workers"))]
    await asyncio.gather(*workers)


signal.alarm(number("seconds"))
with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(main())
