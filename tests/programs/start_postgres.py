"""Becomes a PostgreSQL server with a table for blocks and one row that counts them. It refuses to run as root, and is somebody else in a user namespace of its own."""
import glob
import os
import shutil
import subprocess
import sys

from serving import become, free_port, settings

FOLDERS = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
if not FOLDERS:
    sys.exit("PostgreSQL is not installed")
AS_SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.getuid() == 0 else []
# Made once for all runs: it takes seconds.
TEMPLATE = os.path.abspath("../postgres")


def tool(name, *words):
    return [*AS_SOMEBODY, f"{FOLDERS[-1]}/{name}", *words]


def make():
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(tool("initdb", "-D", TEMPLATE, "-A", "trust", "-U", "zoo"), **quiet)
    tables = b"CREATE TABLE blocks (body text);\nCREATE TABLE totals (id int PRIMARY KEY, n bigint);\nINSERT INTO totals VALUES (1, 0);\n"
    subprocess.run(tool("postgres", "--single", "-D", TEMPLATE, "postgres"), input=tables, **quiet)


def is_ready(port):
    """It listens before it lets anybody in."""
    return subprocess.run([f"{FOLDERS[-1]}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode == 0


settings()
if not os.path.exists(TEMPLATE):
    make()
shutil.copytree(TEMPLATE, "postgres", symlinks=True)
port = free_port()
options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 80}
words = [word for item in options.items() for word in ("-c", "%s=%s" % item)]
become(tool("postgres", "-D", "postgres", *words), port, is_ready)
