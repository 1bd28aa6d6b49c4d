"""One request, and what came back, as it came: no retry hides what a question is about.

Nothing of an answer's values leaves a question: what it returns is made of statuses, counts, shapes and names of keys.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

import orjson
import requests

from airbyte_rdstation.client.rate_limit import retry_after
from airbyte_rdstation.client.session import Session

__all__ = ["Answer", "Caller", "CannotTellError", "Params", "never", "offsets_of", "plain_keys", "wait_told"]

Params = Mapping[str, str]
Form = Literal["JSON", "HTML", "text", "nothing"]

_TIMEOUT: Final = (10.0, 30.0)
_WAIT: Final = 60.0
_LONGEST_WAIT: Final = 90.0
_MOST_WAITS: Final = 3
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_]{1,40}")
_OFFSET: Final = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


class CannotTellError(Exception):
    """This account, at this moment, does not show it; the text says why."""


@dataclass(frozen=True)
class Answer:
    """A status, and the body as JSON where it is JSON."""

    status: int
    body: Any
    form: Form
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    content: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    def rows(self, *keys: str) -> list[dict[str, Any]]:
        """The objects of the list under the first of these keys that is there (`data` if none is named).

        Raises CannotTellError where the answer holds no such list.
        """
        body = self.body
        if self.ok and isinstance(body, dict):
            for key in keys or ("data",):
                if isinstance(body.get(key), list):
                    body = body[key]
                    break
        if not (self.ok and isinstance(body, list)):
            raise CannotTellError(f"the list answers {self.status} ({self.form})")
        return [row for row in body if isinstance(row, dict)]

    def record(self) -> dict[str, Any]:
        """The object under `data`; empty where there is none."""
        data = self.body.get("data") if isinstance(self.body, dict) else None
        return data if isinstance(data, dict) else {}


class Caller:
    """Sends requests below `base_url`, paced by the session. Counts them."""

    def __init__(self, base_url: str, session: Session) -> None:
        self.base_url = base_url
        self.requests = 0
        self.waits: list[requests.Response] = []
        """The answers with 429 that were met."""
        self._session = session

    def get(self, path: str, params: Params | None = None) -> Answer:
        """The answer to `GET path`; a 429 is waited for."""
        return self.send("GET", path, params=params)

    def send(
        self, method: str, path: str, *, params: Params | None = None, body: object = None, form: Params | None = None
    ) -> Answer:
        """The answer. Raises CannotTellError where none came."""
        for _ in range(_MOST_WAITS):
            self.requests += 1
            try:
                response = self._session.request(
                    method,
                    self.base_url + path,
                    params=dict(params or {}),
                    json=body,
                    data=dict(form or {}),
                    timeout=_TIMEOUT,
                )
            except requests.RequestException as error:
                raise CannotTellError(f"no answer came ({type(error).__name__})") from None
            if response.status_code != requests.codes.too_many_requests:
                return _answer(response)
            self.waits.append(response)
            time.sleep(min(_LONGEST_WAIT, retry_after(response, _WAIT)))
        raise CannotTellError("the rate limit is used up by others (429)")


class HasCaller(Protocol):
    """An account, whatever its API."""

    @property
    def caller(self) -> Caller:
        """What its questions are sent by."""


def wait_told(account: HasCaller) -> str:
    """How the first 429 said when to come back: `seconds`, `date` or `absent`."""
    if not account.caller.waits:
        raise CannotTellError("the rate limit was not met, and nobody should try")
    value = account.caller.waits[0].headers.get("Retry-After")
    if value is None:
        return "absent"
    return "seconds" if value.strip().isdecimal() else "date"


def never(reason: str) -> Callable[[Any], str]:
    """Of a question that stands in the table, and that no account can answer."""

    def ask(_: object) -> str:
        raise CannotTellError(reason)

    return ask


def plain_keys(body: Iterable[str]) -> list[str]:
    """Keys that are names of fields; others may be data."""
    return sorted(filter(_PLAIN_KEY.fullmatch, body))


def offsets_of(dates: Iterable[str]) -> str:
    """The zones that dates are written in."""
    found = sorted({match[1] if (match := _OFFSET.search(text)) else "none" for text in dates})
    if not found:
        raise CannotTellError("the account has no dated records")
    return " and ".join(found)


def _answer(response: requests.Response) -> Answer:
    content = response.content
    headers = {name.lower(): value for name, value in response.headers.items()}
    if not content.strip():
        return Answer(response.status_code, None, "nothing", headers)
    try:
        return Answer(response.status_code, orjson.loads(content), "JSON", headers, content)
    except orjson.JSONDecodeError:
        html = content.lstrip()[:1] == b"<"
        return Answer(response.status_code, None, "HTML" if html else "text", headers, content)
