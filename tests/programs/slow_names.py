"""A name server that takes a while: every name has the address 127.0.0.1."""
import random
import socket
import threading
import time

from serving import settings

SERVICE_US = int(settings()["service_us"])


def answer(server, question, sender):
    time.sleep(SERVICE_US * random.uniform(0.9, 1.1) / 1e6)
    end = question.index(b"\0", 12) + 5
    # The question comes back with one answer: type A, class IN, for no longer than now.
    head = question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
    server.sendto(head + question[12:end] + b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1", sender)


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
# An address of its own, since the port is always the same.
host = f"127.53.{random.randrange(256)}.{random.randrange(1, 255)}"
server.bind((host, 53))
with open("resolv.conf", "w") as file:
    print(f"nameserver {host}", file=file)
print(host, flush=True)
while True:
    question, sender = server.recvfrom(512)
    threading.Thread(target=answer, args=(server, question, sender), daemon=True).start()
