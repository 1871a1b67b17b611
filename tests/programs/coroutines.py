"""Coroutines of one event loop that fetch from one server and post to another, past what the settings say."""
import asyncio
import concurrent.futures
import contextlib
import hashlib
import signal
import threading
import time

import wire
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


async def post(page, session, body):
    page.enter(WRITE)
    async with session.post(f"http://{SETTINGS['output']}/rows", data=body) as reply:
        await reply.read()


THREAD = threading.local()


def insert(body):
    if not hasattr(THREAD, "sink"):
        THREAD.sink = wire.Peer(SETTINGS["output"])
    THREAD.sink.ask("POST", "/rows", body)


async def hand_over(page, crew, body):
    page.enter(WRITE)
    await asyncio.get_running_loop().run_in_executor(crew, insert, body)


def digest(rows):
    for _ in range(number("rounds")):
        rows = hashlib.sha256(rows).digest()
    return rows.hex().encode()


async def work(worker, begin):
    await asyncio.sleep(seconds("stagger_us") * worker)
    source = await Peer.connect(SETTINGS["input"])
    store = await begin()
    filler = b"r" * number("bytes")
    page = Page(worker)
    page.enter(FETCH)
    while True:
        rows = await source.ask("GET", "/rows")
        page.enter(TRANSFORM)
        if number("stalled_us"):
            time.sleep(seconds("stalled_us"))
        body = digest(rows) + filler
        if number("paused_us"):
            page.enter(OTHER)
            await asyncio.sleep(seconds("paused_us"))
        await store(page, body)
        page.enter(FETCH, 1)


async def shared(function, what):
    """All workers store with this in common."""
    return lambda page, body: function(page, what, body)


BUSY = "local x = 0; for i = 1, ARGV[1] do x = x + i end; redis.call('RPUSH', KEYS[1], ARGV[2]); redis.call('LTRIM', KEYS[1], 0, 9)"


async def evaluate(page, client, body):
    page.enter(WRITE)
    await client.eval(BUSY, 1, "blocks", number("turns"), body)


async def alone(guard):
    """A worker stores on a connection of its own."""
    sink = await Peer.connect(SETTINGS["output"])
    return lambda page, body: append_block(page, guard, sink, body)


async def main():
    if number("threads"):
        crew = concurrent.futures.ThreadPoolExecutor(number("threads"))
        begin = lambda: shared(hand_over, crew)
    elif number("sockets"):
        import aiohttp

        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=number("sockets")))
        begin = lambda: shared(post, session)
    elif number("turns"):
        import redis.asyncio

        host, port = SETTINGS["output"].split(":")
        client = redis.asyncio.Redis(host=host, port=int(port))
        begin = lambda: shared(evaluate, client)
    elif number("connections"):
        idle = asyncio.Queue()
        for _ in range(number("connections")):
            idle.put_nowait(await Peer.connect(SETTINGS["output"]))
        begin = lambda: shared(lend, idle)
    else:
        guard = None
        if number("slots"):
            guard = asyncio.Lock() if number("slots") == 1 else asyncio.Semaphore(number("slots"))
        begin = lambda: alone(guard)
    workers = [asyncio.create_task(work(worker, begin)) for worker in range(number("workers"))]
    await asyncio.gather(*workers)


signal.alarm(number("seconds"))
if number("uvloop"):
    import uvloop

    uvloop.install()
with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(main())
