"""A list of contacts over HTTP that answers faster than any client can ask: for measuring clients.

It knows what the clients of these benchmarks ask for: page number and size, sort by `created_at`, bounds on it. Unlike
RD Station it has no limit, no wall at row 10,000, and looks at no token. For all else there is the emulator.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson

from benchmarks.contacts import Contacts

__all__ = ["PATH", "contacts_served"]

PATH = "/crm/v2/contacts"
HOST = "127.0.0.1"
LARGEST_PAGE = 200
BOUND = re.compile(r'created_at:(>=|<)"([^"]+)"')


@contextlib.contextmanager
def contacts_served(count: int) -> Iterator[str]:
    """The server's address, while it runs in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.server", str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or not (address := process.stdout.readline().strip()):
                raise RuntimeError("the server did not start; its stderr says why")
            yield address
        finally:
            process.terminate()


class Listing:
    """Answers requests for pages of one list."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts

    def page(self, target: str) -> bytes:
        """The body for a request's path and query."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        first, end = self._bounds(query.get("filter", ""))
        number, size = int(query["page[number]"]), min(LARGEST_PAGE, int(query["page[size]"]))
        last = max(1, -(-(end - first) // size))
        begin = min(end, first + (number - 1) * size)
        rows = range(begin, min(end, begin + size))
        if query.get("sort[created_at]") == "desc":
            rows = range(first + end - 1 - rows.start, first + end - 1 - rows.stop, -1)

        def link(page: int) -> str:
            return f"{PATH}?{urlencode({**query, 'page[number]': page})}"

        links = {"self": link(number), "last": link(last), **({"next": link(number + 1)} if number < last else {})}
        return b'{"data":[%b],"links":%b}' % (self._contacts.as_json(rows), orjson.dumps(links))

    def _bounds(self, condition: str) -> tuple[int, int]:
        first, end = 0, len(self._contacts)
        for operator, literal in BOUND.findall(condition):
            moment = datetime.strptime(literal, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
            if operator == "<":
                end = min(end, self._contacts.number_at(moment))
            else:
                first = max(first, self._contacts.number_at(moment))
        return first, max(first, end)


class Connection(asyncio.Protocol):
    """One client. Requests are GETs without a body, one at a time."""

    _transport: asyncio.Transport

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remembers whom to answer."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers every request that is complete."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            target = self._received[: self._received.index(b"\r\n")].split(b" ")[1].decode()
            self._received = self._received[end + 4 :]
            body = self._listing.page(target)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            self._transport.write(head + body)


async def serve(listing: Listing) -> None:
    """Listens on a free port, says which, and never ends by itself."""
    server = await asyncio.get_running_loop().create_server(lambda: Connection(listing), HOST, 0)
    print(f"http://{HOST}:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    """Runs the server."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    parser.add_argument("contacts", type=int, help="how many there are")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Listing(Contacts(parser.parse_args().contacts))))


if __name__ == "__main__":
    main()
