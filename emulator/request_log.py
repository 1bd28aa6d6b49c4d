"""What arrived and what was answered, for assertions. Tokens appear only as a short hash."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any

from .exchange import Call

__all__ = ["Entry", "RequestLog", "is_write"]


@dataclass
class Entry:
    """One call; fields after `concurrency` are filled at its end, `status` None meaning "no answer yet, or none"."""

    number: int
    method: str
    path: str
    query: dict[str, str]  # without a token; of a repeated parameter the last
    parameters: list[tuple[str, str]]  # without a token, repeated ones as often as sent
    token: str | None  # short hash of the access token
    arrived_at: float  # seconds since 1970
    arrived_monotonic: float  # time.monotonic(), comparable between processes of one machine
    concurrency: int  # calls under way at arrival, this one included
    answered_at: float | None = None
    answered_monotonic: float | None = None
    status: int | None = None
    rows: int | None = None
    fault: str | None = None
    body: Any = field(default=None)  # what a write sent; never filled for the token endpoint


class RequestLog:
    """Calls in order of arrival."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._count = 0
        self._under_way = 0

    def arrive(self, call: Call) -> Entry:
        """Open the entry of a call."""
        self._count += 1
        self._under_way += 1
        query = call.query()
        token = _token(call, query.pop("token", ""))
        entry = Entry(
            number=self._count,
            method=call.method,
            path=call.path,
            query=query,
            parameters=[(name, value) for name, value in call.parameters() if name != "token"],
            token=token_hash(token) if token else None,
            arrived_at=time.time(),
            arrived_monotonic=time.monotonic(),
            concurrency=self._under_way,
            body=_written(call),
        )
        self._entries.append(entry)
        return entry

    def depart(self, entry: Entry, status: int | None, rows: int | None) -> None:
        """Close the entry; `status` is None when the connection ended without an answer."""
        self._under_way -= 1
        entry.status, entry.rows = status, rows
        entry.answered_at, entry.answered_monotonic = time.time(), time.monotonic()

    def as_list(self) -> list[dict[str, Any]]:
        """All entries, oldest first."""
        return [vars(entry) for entry in self._entries]

    def writes(self) -> int:
        """How many entries may have changed the account."""
        return sum(is_write(entry.method, entry.path) for entry in self._entries)

    def clear(self) -> None:
        """Forget what was logged; numbers go on."""
        self._entries.clear()


def is_write(method: str, path: str) -> bool:
    """Whether such a request may change the account."""
    return method in ("POST", "PUT") and "/oauth2/" not in path


def _token(call: Call, in_query: str) -> str:
    """The token of a call: API v1 has it in the query, the others in a header."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else in_query


def _written(call: Call) -> Any:
    """The body of a write; that of the token endpoint carries credentials and stays out."""
    if not call.body or "/oauth2/" in call.path:
        return None
    try:
        return call.json()
    except ValueError:
        return call.body.decode("latin-1")


def token_hash(token: str) -> str:
    """Eight hex characters: enough to tell two tokens apart, useless for a call."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]
