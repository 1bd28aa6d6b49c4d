"""What a call asks for: page and limit, days, repeated values; each checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..clock import parse_instant
from ..data.times import DAY
from ..exchange import Call
from .errors import wrong

__all__ = ["Parameters", "Place"]

_NUMBER = re.compile("[0-9]{1,9}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SAO_PAULO_MS = 3 * 3_600_000  # behind UTC, all the year
LAST_MS = DAY - 1


@dataclass(frozen=True)
class Place:
    """A page, from 1, and how many rows it may have."""

    number: int
    limit: int

    @property
    def span(self) -> slice:
        """Its rows in a list."""
        return slice((self.number - 1) * self.limit, self.number * self.limit)


class Parameters:
    """The query of one call."""

    def __init__(self, call: Call) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in call.parameters():
            self._values.setdefault(name, []).append(value)

    def text(self, name: str) -> str:
        """The last value, "" without one."""
        return self._values.get(name, [""])[-1]

    def all(self, name: str, default: Sequence[str]) -> Sequence[str]:
        """Every value of a repeated parameter; a comma list stays one value, which nothing equals [seen].

        Facts: conversas.md#message-history.
        """
        return self._values.get(name) or default

    def place(self, default: int) -> Place:
        """Page and limit, whatever the largest is; raises Refusal."""
        return Place(self._positive("page", 1), self._positive("limit", default))

    def window(self, day_tz: str) -> Mapping[str, int]:
        """`start_date` and `end_date` as instants, both inclusive, as far as given; raises Refusal."""
        return {name: self._moment(name, day_tz) for name in ("start_date", "end_date") if self.text(name)}

    def number(self, name: str, default: int) -> int:
        """A number from 0; raises Refusal."""
        text = self.text(name) or str(default)
        if not _NUMBER.fullmatch(text):
            raise wrong(**{name: "must be a number"})
        return int(text)

    def _positive(self, name: str, default: int) -> int:
        number = self.number(name, default)
        if not number:
            raise wrong(**{name: "must be greater than 0"})
        return number

    def _moment(self, name: str, day_tz: str) -> int:
        text = self.text(name)
        try:
            instant = parse_instant(text)
        except ValueError as error:
            raise wrong(**{name: "must be a date, YYYY-MM-DD"}) from error
        if not _DAY.fullmatch(text):  # a full instant [seen]
            return instant
        return instant + (SAO_PAULO_MS if day_tz == "-03:00" else 0) + (LAST_MS if name == "end_date" else 0)
