"""Becomes PgBouncer before a PostgreSQL. It refuses to run as root, and is somebody else in a user namespace of its own."""
import os
import sys

from serving import become, free_port, settings

SETTINGS = """
[databases]
postgres = host={host} port={behind} dbname=postgres user=zoo
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
"""
AS_SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.getuid() == 0 else []
PROGRAM = "/usr/sbin/pgbouncer"
if not os.path.exists(PROGRAM):
    sys.exit("PgBouncer is not installed")
words = settings()
port = free_port()
host, behind = words["database"].split(":")
with open("bouncer.ini", "w") as file:
    file.write(SETTINGS.format(host=host, behind=behind, port=port, connections=words["connections"]))
become([*AS_SOMEBODY, PROGRAM, "bouncer.ini"], port)
