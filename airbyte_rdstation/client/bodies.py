"""Bodies of answers, parsed: one odd text in a page costs that text, and what is no JSON is named by kind and place."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from airbyte_rdstation.client.json_text import has_nul, mended
from airbyte_rdstation.client.responses import BadAnswerError, NoJsonError

__all__ = ["Bodies", "unreadable"]

T = TypeVar("T")

_logger = logging.getLogger("airbyte.rdstation")


class Bodies:
    """The bodies of one API; warns once a stream of those that had to be mended."""

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def lenient(self, stream: str, parse: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """`parse`, which takes strict JSON, for bodies that may be less; raises what it raises."""
        return partial(self._read, stream, parse)

    def _read(self, stream: str, parse: Callable[[bytes], T], content: bytes) -> T:
        if has_nul(content):
            content = mended(content) or content
        try:
            return parse(content)
        except NoJsonError:
            readable = mended(content)
            if readable is None:
                raise
            parsed = parse(readable)
            self._warn(stream)
            return parsed

    def _warn(self, stream: str) -> None:
        if stream not in self._warned:
            self._warned.add(stream)
            _logger.warning(
                "%s: RD Station's answer holds what strict JSON does not (half of a character, say). Such characters "
                "become U+FFFD, and numbers that are none become text.",
                stream,
            )


def unreadable(problem: BadAnswerError) -> str:
    """Say why a body cannot be read, and what to check."""
    advice = " Check the API base URL, if you have set one." if str(problem).endswith("HTML page") else ""
    return f"RD Station's answer cannot be read: {problem}.{advice}"
