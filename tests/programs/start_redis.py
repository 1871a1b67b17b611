"""Becomes a Redis server."""
from serving import become, free_port, settings

settings()
port = free_port()
become(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], port)
