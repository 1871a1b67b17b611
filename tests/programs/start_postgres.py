"""Becomes a PostgreSQL server with a table for blocks on a free port; a child waits for it and says its address.

The server refuses to run as root, and is somebody else in a user namespace of its own.
"""
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

with open(sys.argv[1]) as lines:
    SETTINGS = dict(line.rstrip("\n").split(" ", 1) for line in lines)

FOLDERS = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
if not FOLDERS:
    sys.exit("PostgreSQL is not installed")
AS_SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.getuid() == 0 else []


def tool(name):
    return [*AS_SOMEBODY, f"{FOLDERS[-1]}/{name}"]


def server(folder, port):
    """The command of a server for `folder`."""
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 80}
    return [*tool("postgres"), "-D", folder] + [word for item in options.items() for word in ("-c", "%s=%s" % item)]


# Made once for all runs: it takes seconds.
TEMPLATE = os.path.abspath("../postgres")
if not os.path.exists(TEMPLATE):
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*tool("initdb"), "-D", TEMPLATE, "-A", "trust", "-U", "zoo"], **quiet)
    table = b"CREATE TABLE blocks (body text);\n"
    single = [*tool("postgres"), "--single", "-D", TEMPLATE, "postgres"]
    subprocess.run(single, input=table, **quiet)
shutil.copytree(TEMPLATE, "postgres", symlinks=True)

with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
if os.fork() == 0:
    for _ in range(1000):
        time.sleep(0.01)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                print(f"127.0.0.1:{port}", flush=True)
                break
    os._exit(0)
out = os.open("postgres.log", os.O_WRONLY | os.O_CREAT)
os.dup2(out, 1)
os.dup2(out, 2)
signal.alarm(int(SETTINGS["seconds"]))
command = server("postgres", port)
os.execvp(command[0], command)
