"""Hosts that are not RD Station, for tests of wrong addresses and of where tokens must never go."""

from __future__ import annotations

import atexit
import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Stranger", "closed_port", "stranger"]


@dataclass
class Stranger:
    """A running host: its address, and what it was sent (request line, headers and body as one text each)."""

    url: str
    received: list[str] = field(default_factory=list)


@contextlib.contextmanager
def stranger(status: int, body: str = "", headers: Mapping[str, str] | None = None) -> Iterator[Stranger]:
    """A host that answers everything alike."""
    received: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1")
            received.append(f"{self.requestline}\n{self.headers}\n{content}")
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = answer  # noqa: N815 - names that http.server asks for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield Stranger(f"http://127.0.0.1:{server.server_port}", received)
    finally:
        server.shutdown()
        server.server_close()


@cache
def closed_port() -> str:
    """An address at which nothing listens, as long as this process lives: its port is taken, so nobody else gets it."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))  # and no `listen`: connections are refused
    atexit.register(holder.close)
    return f"http://127.0.0.1:{holder.getsockname()[1]}"
