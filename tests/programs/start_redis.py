"""Becomes a Redis server on a free port; a child waits for it and says its address."""
import os
import signal
import socket
import sys
import time

with open(sys.argv[1]) as lines:
    SETTINGS = dict(line.rstrip("\n").split(" ", 1) for line in lines)

with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
if os.fork() == 0:
    for _ in range(500):
        time.sleep(0.01)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                print(f"127.0.0.1:{port}", flush=True)
                break
    os._exit(0)
os.dup2(os.open("redis.log", os.O_WRONLY | os.O_CREAT), 1)
# Past the exec this still ends the server in time.
signal.alarm(int(SETTINGS["seconds"]))
os.execvp("redis-server", ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""])
