"""Asks one question after the other, and tells what was seen as a table and as JSON.

{"api": "crm-v2", "requests": 61, "findings": [
    {"row": "8", "question": "rows of a page that asks for no number", "expected": "25", "seen": "20",
     "verdict": "refuted", "connector": "always sends page[size]"}]}

No retry hides what a question is about. Nothing of an answer's values leaves a question: what it returns is made of
statuses, counts, shapes and names of keys.
"""

from __future__ import annotations

import re
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import orjson
import requests

from airbyte_rdstation.client.errors import ConnectorError
from airbyte_rdstation.client.rate_limit import retry_after
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.client.session import Session

__all__ = [
    "Answer",
    "Caller",
    "CannotTellError",
    "Finding",
    "Params",
    "Question",
    "answered",
    "never",
    "offsets_of",
    "plain_keys",
    "require",
    "table",
    "wait_told",
]

A = TypeVar("A")
Params = Mapping[str, str]
Form = Literal["JSON", "HTML", "text", "nothing"]
Verdict = Literal["confirmed", "refuted", "cannot tell here"]

_TIMEOUT: Final = (10.0, 30.0)
_WAIT: Final = 60.0
_LONGEST_WAIT: Final = 90.0
_MOST_WAITS: Final = 3
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_]{1,40}")
_OFFSET: Final = re.compile(r"(Z|[+-]\d\d:?\d\d)$")
_WIDTHS: Final = (16, 44, 30)
_ANY: Final = "any"


@dataclass(frozen=True)
class Question(Generic[A]):
    """State one thing that the documents leave open."""

    row: str
    """Of "Unknowns" on the API's page; what stands behind a blank tells questions of one row apart."""
    subject: str
    expected: str
    """What the connectors take for granted unless they are told otherwise, as `ask` would return it; `any` where they
    take nothing for granted."""
    connector: str
    """What they do, whatever is seen."""
    ask: Callable[[A], str]
    """Returns what is seen, in a few words that hold nothing of a record. Raises CannotTellError, or RefusedError where
    the status of an error is what is seen."""


@dataclass(frozen=True)
class Finding:
    """Hold the answer to a question."""

    row: str
    question: str
    expected: str
    seen: str
    verdict: Verdict
    connector: str

    def as_json(self) -> dict[str, Any]:
        """Return it as the report shows it."""
        return asdict(self)


def answered(questions: Iterable[Question[A]], account: A) -> Iterator[Finding]:
    """Ask one after the other. A question that fails says so and keeps no other from being asked."""
    for question in questions:
        yield _ask(question, account)


def _ask(question: Question[A], account: A) -> Finding:
    try:
        seen = question.ask(account)
    except RefusedError as refusal:
        seen = str(refusal)
    except CannotTellError as reason:
        return _finding(question, str(reason), "cannot tell here")
    except ConnectorError:
        raise  # about the connection itself: no further question would fare better
    except Exception as error:  # noqa: BLE001 - an answer of another shape than any that is known
        return _finding(question, f"an answer that nobody expected ({type(error).__name__})", "cannot tell here")
    return _finding(question, seen, "confirmed" if question.expected in (_ANY, seen) else "refuted")


def _finding(question: Question[Any], seen: str, verdict: Verdict) -> Finding:
    return Finding(question.row, question.subject, question.expected, seen, verdict, question.connector)


def table(findings: Sequence[Finding]) -> str:
    """Lay out the findings for a terminal; those that differ from what was expected come first."""
    order = {"refuted": 0, "confirmed": 1, "cannot tell here": 2}
    lines = [f"{'':{_WIDTHS[0]}}  {'question (row of docs/api)':{_WIDTHS[1]}}  {'seen':{_WIDTHS[2]}}  the connectors"]
    for finding in sorted(findings, key=lambda one: order[one.verdict]):
        seen = finding.seen if finding.verdict != "refuted" else f"{finding.seen} (expected: {finding.expected})"
        cells = (finding.verdict, f"{finding.question} ({finding.row})", seen)
        wrapped = [textwrap.wrap(text, width) for text, width in zip(cells, _WIDTHS, strict=True)]
        wrapped.append(textwrap.wrap(finding.connector, 60))
        for number in range(max(map(len, wrapped))):
            row = [column[number] if number < len(column) else "" for column in wrapped]
            lines.append("  ".join(f"{cell:{width}}" for cell, width in zip(row, (*_WIDTHS, 0), strict=True)).rstrip())
    return "\n".join(lines)


class CannotTellError(Exception):
    """This account, at this moment, does not show it; the text says why."""


class RefusedError(Exception):
    """A request is refused, and that is what is seen; the text is the status."""


@dataclass(frozen=True)
class Answer:
    """Hold a status, and the body as JSON where it is JSON."""

    status: int
    body: Any
    form: Form
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    content: bytes = b""

    @property
    def ok(self) -> bool:
        """Tell whether the status is one of success."""
        return 200 <= self.status < 300

    def success(self) -> Answer:
        """Return the answer to a request that is not refused. Raises RefusedError otherwise."""
        if not self.ok:
            raise RefusedError(str(self.status))
        return self

    def or_status(self, word: str) -> str:
        """Return the word where the request is accepted, otherwise the status."""
        return word if self.ok else str(self.status)

    def rows(self, *keys: str) -> list[Row]:
        """Return the objects of `[{…}, …]`, or of `{"data": [{…}, …]}` by the first of `keys`, else `data`.

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

    def ids(self) -> list[Any]:
        """Return the ids of the list's objects, in its order."""
        return [row.get("id") for row in self.rows()]

    def record(self) -> dict[str, Any]:
        """Return the object of `{"data": {…}}`; empty where there is none."""
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
        """Return the answer to `GET path`; see `send`."""
        return self.send("GET", path, params=params)

    def send(
        self, method: str, path: str, *, params: Params | None = None, body: object = None, form: Params | None = None
    ) -> Answer:
        """Return the answer; a 429 is waited for. Raises CannotTellError where none came."""
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
    """Any account, whatever its API."""

    @property
    def caller(self) -> Caller:
        """Return what its questions are sent by."""


def wait_told(account: HasCaller) -> str:
    """Tell how the first 429 said when to come back: `seconds`, `date` or `absent`."""
    if not account.caller.waits:
        raise CannotTellError("the rate limit was not met, and nobody should try")
    value = account.caller.waits[0].headers.get("Retry-After")
    if value is None:
        return "absent"
    return "seconds" if value.strip().isdecimal() else "date"


def require(condition: object, reason: str) -> None:
    """Raise CannotTellError with this reason where the condition does not hold."""
    if not condition:
        raise CannotTellError(reason)


def never(reason: str) -> Callable[[Any], str]:
    """Make the `ask` of a question that stands in the table, and that no account can answer."""

    def ask(_: object) -> str:
        raise CannotTellError(reason)

    return ask


def plain_keys(body: Iterable[str]) -> list[str]:
    """Return the keys that are names of fields; others may be data."""
    return sorted(filter(_PLAIN_KEY.fullmatch, body))


def offsets_of(dates: Iterable[str]) -> str:
    """Tell the zones that dates are written in: `-03:00`, `Z`, or `none`. Raises CannotTellError without dates."""
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
