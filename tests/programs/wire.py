"""As much HTTP/1.1 as the workloads need, on kept-alive connections, plain or over TLS."""
import socket
import ssl


class Peer:
    def __init__(self, address, tls=False):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.create_default_context(cafile="certificate")
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def ask(self, method, path, body=b""):
        """Status and body of the reply."""
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)
        return read_message(self.socket)


def read_message(stream):
    """Second word of the first line (a reply's status, as a number) and the body; None at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = stream.recv(65536)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    fields = head.split(b"\r\n")
    length = next(int(field[15:]) for field in fields if field.lower().startswith(b"content-length:"))
    while len(body) < length:
        more = stream.recv(65536)
        if not more:
            return None
        body += more
    word = fields[0].split(b" ")[1]
    return int(word) if word.isdigit() else 0, body
