"""A request and its answer, as plain values: what every room of the emulator takes and returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson

__all__ = ["Answer", "Api", "Call", "Refusal", "json_answer"]

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Call:
    """One HTTP request, decoded; header names are lower case."""

    method: str
    path: str
    query_string: bytes
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any], body: bytes) -> Call:
        """The call that an ASGI scope and its body describe."""
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        return cls(
            method=scope["method"],
            path=scope["path"],
            query_string=scope["query_string"],
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in headers},
            body=body,
        )

    def query(self) -> dict[str, str]:
        """Parameters by name, decoded: brackets raw or encoded, spaces as %20 or + [seen]; the last one wins."""
        return dict(self.parameters())

    def parameters(self) -> list[tuple[str, str]]:
        """The same one by one, for names that may be repeated."""
        return list(_parameters(self.query_string))

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return orjson.loads(self.body)


@lru_cache(maxsize=1)  # the log, the faults and the API read the parameters of the same call
def _parameters(query_string: bytes) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))


@dataclass
class Answer:
    """What goes back; `rows` counts the records of a list page, `lost` drops the connection instead of delivering."""

    status: int
    body: bytes = field(default=b"", repr=False)
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    rows: int | None = None
    lost: bool = False


class Api(Protocol):
    """What speaks an API."""

    def answer(self, call: Call) -> Answer:
        """The answer; never raises for anything a client can send."""

    def failure(self, status: int, text: str) -> Answer:
        """An error of the test's choice, in this API's shape."""

    def records_key(self, call: Call) -> str | None:
        """The key of the body that holds the records of this call's answer; None when the body is just these."""


class Refusal(Exception):  # noqa: N818 - it carries a regular answer, it is no error of the emulator
    """Ends the handling of a call with the answer it carries."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(status: int, payload: object, **headers: str) -> Answer:
    """An answer whose body is `payload` as JSON; underscores in header names stand for hyphens."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, orjson.dumps(payload), headers=names)
