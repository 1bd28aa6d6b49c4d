"""Answers with a bound on their size and on their time: a read timeout alone ends neither a flood nor a drip.

`requests` reads a body to its end, however large, and its timeout begins anew with every byte that comes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

import requests

__all__ = ["LARGEST_BODY", "OversizedAnswerError", "bound"]

LARGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes, decompressed. A page of 200 records holds some 200 KB; this leaves each record 320 KB."""

_PIECE: Final = 256 * 1024
_TIMES_THE_READ_TIMEOUT: Final = 1.5  # what a whole body may take


class OversizedAnswerError(requests.RequestException):
    """A body that does not end within `LARGEST_BODY`."""


def bound(response: requests.Response, read_timeout: float) -> requests.Response:
    """The streamed answer, read; OversizedAnswerError or ReadTimeout once it is out of bounds."""
    response.raw = _Bounded(response.raw, time.monotonic() + _TIMES_THE_READ_TIMEOUT * read_timeout)
    try:
        _ = response.content
    except BaseException:
        response.close()  # what is left of the body must not be the next answer's beginning
        raise
    return response


class _Bounded:
    """A urllib3 response whose `stream` keeps the bounds; all else is the response's own."""

    def __init__(self, raw: Any, until: float) -> None:
        self._raw = raw
        self._until = until

    def stream(self, amt: int, decode_content: bool | None = None) -> Iterator[bytes]:
        """Pieces as they arrive: `read` would wait until it has as many bytes as it was asked for."""
        size = 0
        while piece := self._raw.read1(_PIECE, decode_content=decode_content):
            size += len(piece)
            if size > LARGEST_BODY:
                raise OversizedAnswerError(f"more than {LARGEST_BODY} bytes")
            if time.monotonic() > self._until:
                raise requests.ReadTimeout("the body comes too slowly")
            yield piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)
