"""Questions, what an account answers, and both as a table and as JSON.

{"api": "crm-v2", "requests": 61, "findings": [
    {"row": "8", "question": "rows of a page that asks for no number", "expected": "25", "seen": "20",
     "verdict": "refuted", "connector": "always sends page[size]"}]}
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from airbyte_rdstation.client.errors import ConnectorError
from airbyte_rdstation.probe.caller import CannotTellError

__all__ = ["Finding", "Question", "answered", "table"]

A = TypeVar("A")
Verdict = Literal["confirmed", "refuted", "cannot tell here"]

_WIDTHS: Final = (16, 44, 30)
_ANY: Final = "any"


@dataclass(frozen=True)
class Question(Generic[A]):
    """One thing that the documents leave open."""

    row: str
    """Of "Unknowns" on the API's page; what stands behind a blank tells questions of one row apart."""
    subject: str
    expected: str
    """What the connectors take for granted unless they are told otherwise, as `ask` would return it; `any` where they
    take nothing for granted."""
    connector: str
    """What they do, whatever is seen."""
    ask: Callable[[A], str]
    """What is seen, in a few words that hold nothing of a record. Raises CannotTellError."""


@dataclass(frozen=True)
class Finding:
    """A question's answer."""

    row: str
    question: str
    expected: str
    seen: str
    verdict: Verdict
    connector: str

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def answered(questions: Iterable[Question[A]], account: A) -> Iterator[Finding]:
    """Ask one after the other. A question that fails says so and keeps no other from being asked."""
    for question in questions:
        yield _answer(question, account)


def _answer(question: Question[A], account: A) -> Finding:
    try:
        seen = question.ask(account)
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
    """The findings for a terminal; those that differ from what was expected come first."""
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
