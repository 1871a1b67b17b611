"""A server over TLS: each request takes a while; all at once, or one at a time."""
import random
import socket
import ssl
import threading
import time

from serving import settings
from wire import read_message

SETTINGS = settings()
SERVICE = int(SETTINGS["service_us"]) / 1e6
SERIAL = SETTINGS.get("serial") == "1"
BODY = b"x" * int(SETTINGS["reply_bytes"])
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
TABLE = threading.Lock()


def store():
    with TABLE:
        time.sleep(SERVICE * random.uniform(0.9, 1.1))


def serve(stream, context):
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with context.wrap_socket(stream, server_side=True) as secure:
        while read_message(secure) is not None:
            if SERIAL:
                store()
            else:
                time.sleep(SERVICE * random.uniform(0.9, 1.1))
            secure.sendall(REPLY)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("certificate", "key")
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
print("127.0.0.1:%d" % listener.getsockname()[1], flush=True)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client, context), daemon=True).start()
