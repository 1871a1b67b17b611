"""Becomes a MariaDB server with a table for blocks and rows that count them."""
import getpass
import os
import shutil
import subprocess

from serving import become, free_port, settings

# Made once for all runs: it takes seconds.
TEMPLATE = os.path.abspath("../mariadb")
ROWS = ", ".join(f"({row}, 0)" for row in range(1, 65))
TABLES = f"""CREATE DATABASE IF NOT EXISTS zoo;
CREATE TABLE IF NOT EXISTS zoo.blocks (id INT AUTO_INCREMENT PRIMARY KEY, body TEXT);
CREATE TABLE IF NOT EXISTS zoo.totals (id INT PRIMARY KEY, n BIGINT);
INSERT IGNORE INTO zoo.totals VALUES {ROWS};
CREATE USER IF NOT EXISTS zoo@'127.0.0.1';
GRANT ALL ON zoo.* TO zoo@'127.0.0.1';
"""


def make():
    user = getpass.getuser()
    command = ["mariadb-install-db", "--no-defaults", f"--datadir={TEMPLATE}", f"--user={user}", "--skip-test-db"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


settings()
if not os.path.exists(TEMPLATE):
    make()
shutil.copytree(TEMPLATE, "mariadb", symlinks=True)
with open("tables.sql", "w") as file:
    file.write(TABLES)
port = free_port()
here = os.getcwd()
options = {
    "datadir": f"{here}/mariadb",
    "user": getpass.getuser(),
    "bind-address": "127.0.0.1",
    "port": port,
    "socket": f"{here}/s",
    "pid-file": f"{here}/pid",
    "init-file": f"{here}/tables.sql",
}
become(["mariadbd", "--no-defaults", *(f"--{name}={value}" for name, value in options.items())], port)
