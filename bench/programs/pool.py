"""32 threads that share a pool of 4 connections to a server process of their own, which answers each request after 2 ms.

Speaks as the program `load` does: "ready", then a line with a number of requests in, a line of figures out."""

import os
import queue
import resource
import socket
import sys
import threading
import time

THREADS, CONNECTIONS, ANSWER_AFTER = 32, 4, 0.002


def answer(connection):
    while connection.recv(1):
        time.sleep(ANSWER_AFTER)
        connection.sendall(b"x")


def serve(listener):
    for _ in range(CONNECTIONS):
        threading.Thread(target=answer, args=[listener.accept()[0]]).start()


listener = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    serve(listener)
    # The threads end with their connections, the process with its threads.
    sys.exit()

pool = queue.Queue()
for _ in range(CONNECTIONS):
    connection = socket.create_connection(listener.getsockname())
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pool.put(connection)


def work(share):
    for _ in range(share):
        connection = pool.get()
        connection.sendall(b"x")
        connection.recv(1)
        pool.put(connection)


print("ready", flush=True)
for line in sys.stdin:
    share = -(-int(line) // THREADS)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic_ns()
    threads = [threading.Thread(target=work, args=[share]) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, after = time.monotonic_ns() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(share * THREADS, wall, int(cpu * 1e9), 0, flush=True)
