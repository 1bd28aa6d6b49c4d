"""Faults that a test schedules: which call is hit, and by what. How they reach the wire is in `delivery`."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from .exchange import Answer, Call
from .rng import Rng, rng

__all__ = ["Fault", "FaultPlan", "Kind", "WrongFaultError"]

Kind = Literal[
    "429", "500", "502", "503", "504", "400", "401", "404", "422",  # an answer with that status
    "reset",  # the connection ends before the call is carried out
    "stall",  # nothing for `seconds`, then the connection ends or (`then`: "answer") the answer comes
    "truncate",  # Content-Length promises more than is sent
    "drop_after_write",  # the call is carried out, its answer is lost (crm-v2.md#unknowns row 24)
    "html_200",  # a page of a proxy instead of the answer
    "redirect",  # 302 to `location`
    "object_for_list", "list_for_object", "data_null", "missing_id",  # 200 and JSON, but not the documented form
    "repeat_page",  # the first page that was hit comes again and again, whatever is asked
]  # fmt: skip


class WrongFaultError(ValueError):
    """No such kind or parameter."""


@dataclass
class Fault:
    """One scheduled fault; `times` None means for ever, `after` lets the first k matching calls through."""

    kind: str
    method: str = ""  # regular expression on the whole method, empty: any
    path: str = ""  # regular expression found in the path
    query: str = ""  # regular expression found in `name=value` of the decoded query, one parameter a line
    times: int | None = 1
    after: int = 0
    probability: float = 1.0
    seed: int = 0
    body: Literal["json", "html"] = "json"  # of the status kinds
    retry_after: str | None = None  # header of the status kinds; null: none
    seconds: float = 1.0  # stall
    then: Literal["close", "answer"] = "close"  # stall
    location: str = "http://outro-host.exemplo.test/"  # redirect
    id: int = 0
    matched: int = 0
    applied: int = 0
    kept: Answer | None = field(default=None, repr=False)  # repeat_page
    dice: Rng = field(default_factory=lambda: rng(0), repr=False)

    def hits(self, call: Call) -> bool:
        """Whether the call is to suffer; counts it."""
        if self.times is not None and self.applied >= self.times:
            return False
        if not self._matches(call):
            return False
        self.matched += 1
        if self.matched <= self.after or self.dice.random() >= self.probability:
            return False
        self.applied += 1
        return True

    def _matches(self, call: Call) -> bool:
        if self.method and not re.fullmatch(self.method, call.method):
            return False
        if self.path and not re.search(self.path, call.path):
            return False
        if not self.query:
            return True
        return bool(re.search(self.query, "\n".join(f"{name}={value}" for name, value in call.parameters())))

    def as_dict(self) -> dict[str, Any]:
        """Parameters and counts."""
        shown = asdict(
            self, dict_factory=lambda pairs: {name: value for name, value in pairs if name not in ("kept", "dice")}
        )
        return dict(shown)


SET_BY_CALLER = frozenset(Fault.__dataclass_fields__) - {"id", "matched", "applied", "kept", "dice"}


class FaultPlan:
    """All scheduled faults; the first that hits a call is applied."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._count = 0

    def add(self, parameters: dict[str, Any]) -> Fault:
        """Schedule a fault; raises WrongFaultError."""
        wrong = sorted(set(parameters) - SET_BY_CALLER)
        if wrong:
            raise WrongFaultError(f"no such parameter: {wrong[0]}")
        kind = str(parameters.get("kind"))
        if kind not in get_args(Kind):
            raise WrongFaultError(f"no such fault: {kind}")
        try:
            for name in ("method", "path", "query"):
                re.compile(parameters.get(name, ""))
        except re.error as error:
            raise WrongFaultError(f"no such pattern: {error}") from error
        if parameters.get("times") == "forever":
            parameters = {**parameters, "times": None}
        self._count += 1
        fault = Fault(**{**parameters, "kind": kind}, id=self._count, dice=rng(parameters.get("seed", 0), self._count))
        self._faults.append(fault)
        return fault

    def pick(self, call: Call) -> Fault | None:
        """The fault that this call suffers, if any."""
        return next((fault for fault in self._faults if fault.hits(call)), None)

    def clear(self) -> None:
        """No faults any more."""
        self._faults.clear()

    def as_list(self) -> list[dict[str, Any]]:
        """Every fault with its counts."""
        return [fault.as_dict() for fault in self._faults]
