"""Hosts that mean harm: their answers never end, come a byte at a time, or hold what breaks a parser."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from servers import Stranger

__all__ = ["ATTACKS", "hostile"]

Attack = Callable[[BaseHTTPRequestHandler, threading.Event], None]

A_MEGABYTE = b" " * 1024 * 1024


def _begin(handler: BaseHTTPRequestHandler, **headers: str) -> None:
    handler.send_response(200)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def flood(handler: BaseHTTPRequestHandler, over: threading.Event) -> None:
    """A body without an end."""
    _begin(handler)
    while not over.is_set():
        handler.wfile.write(A_MEGABYTE)


def bomb(handler: BaseHTTPRequestHandler, over: threading.Event) -> None:
    """A few megabytes that unpack to some gigabytes."""
    _begin(handler, Content_Encoding="gzip")
    packed = gzip.compress(A_MEGABYTE * 16)
    while not over.is_set():
        handler.wfile.write(packed)


def drip(handler: BaseHTTPRequestHandler, over: threading.Event) -> None:
    """A byte now and then, always before any timeout."""
    _begin(handler, Content_Length="1000000")
    while not over.wait(0.5):
        handler.wfile.write(b" ")


def depth(handler: BaseHTTPRequestHandler, _: threading.Event) -> None:
    """JSON as deep as a parser's stack, and deeper."""
    body = b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    _begin(handler, Content_Length=str(len(body)))
    handler.wfile.write(body)


def binary(handler: BaseHTTPRequestHandler, _: threading.Event) -> None:
    """A picture, and a cookie."""
    body = bytes(range(256)) * 8
    _begin(handler, Content_Length=str(len(body)), Set_Cookie="session=um-biscoito; Path=/", Content_Type="image/png")
    handler.wfile.write(body)


ATTACKS: dict[str, Attack] = {attack.__name__: attack for attack in (flood, bomb, drip, depth, binary)}


@contextlib.contextmanager
def hostile(attack: Attack) -> Iterator[Stranger]:
    """A host that answers every request so."""
    received: list[str] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            received.append(f"{self.requestline}\n{self.headers}")
            with contextlib.suppress(OSError):  # the client has left
                attack(self, over)

        do_GET = do_POST = answer  # noqa: N815 - names that http.server asks for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield Stranger(f"http://127.0.0.1:{server.server_port}", received)
    finally:
        over.set()
        server.shutdown()
        server.server_close()
