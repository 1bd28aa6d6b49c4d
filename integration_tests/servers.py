"""Hosts that are not RD Station, for tests of wrong addresses and of where tokens must never go."""

from __future__ import annotations

import atexit
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

__all__ = ["Stranger", "altering", "closed_port", "stranger"]


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

    with _serving(Handler) as url:
        yield Stranger(url, received)


@contextlib.contextmanager
def altering(url: str, alter: Callable[[str, bytes], bytes]) -> Iterator[str]:
    """The address of a host that passes requests on to `url`, and answers with what `alter(path, body)` makes of it."""
    target = urlsplit(url).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            with contextlib.closing(HTTPConnection(target)) as connection:
                connection.request(self.command, self.path, content, {**headers, "Host": target})
                answer = connection.getresponse()
                body = alter(self.path, answer.read())
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_THE_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - as above

        def log_message(self, *_: object) -> None:
            pass

    with _serving(Handler) as address:
        yield address


_OF_THE_CONNECTION = ("connection", "content-encoding", "content-length", "transfer-encoding", "server", "date")


@contextlib.contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True  # a connection that is kept alive must not be waited for
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
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
