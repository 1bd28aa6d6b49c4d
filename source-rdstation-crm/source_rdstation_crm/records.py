"""Records as the connector emits them: strict on output where the API is loose.

Date-times leave as RFC 3339 UTC, dates as `YYYY-MM-DD`, numbers as numbers; an empty text in their place is null.
Texts, lists and objects pass untouched, unknown fields too. Facts: api/crm-v2.md, section 10.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from rdstation.dates import normalize_date, normalize_instant
from rdstation.envelope import Row

__all__ = ["Normalizer"]

_logger = logging.getLogger("airbyte.rdstation")


class Normalizer:
    """Makes the records of a stream agree with its JSON schema, in place; touches only the fields that need it."""

    def __init__(self, stream: str, schema: Mapping[str, Any]) -> None:
        self._stream = stream
        self._conversions = [
            (name, conversion)
            for name, field in schema["properties"].items()
            if (conversion := _conversion(field)) is not None
        ]
        self._complained: set[str] = set()

    def __call__(self, row: Row) -> Row:
        """The same row, normalized. What cannot be read becomes null, with one warning a field and stream."""
        for name, convert in self._conversions:
            value = row.get(name)
            if value is None:
                continue
            try:
                row[name] = convert(value)
            except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
                row[name] = None
                if name not in self._complained:
                    self._complained.add(name)
                    _logger.warning("%s: a value of %s cannot be read and becomes null.", self._stream, name)
        return row


def _instant(value: Any) -> str | None:
    return normalize_instant(value) if value != "" else None


def _date(value: Any) -> str | None:
    return normalize_date(value) if value != "" else None


def _number(value: Any) -> float | int | None:
    if type(value) is float or type(value) is int:
        return value
    if value == "":
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("no finite number")
    return number


def _integer(value: Any) -> int | None:
    number = _number(value)
    if number is None or type(number) is int:
        return number
    if not float(number).is_integer():
        raise ValueError("no whole number")
    return int(number)


_BY_FORMAT: Final[Mapping[str, Callable[[Any], Any]]] = {"date-time": _instant, "date": _date}
_BY_TYPE: Final[Mapping[str, Callable[[Any], Any]]] = {"number": _number, "integer": _integer}


def _conversion(field: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    types = [kind for kind in field["type"] if kind != "null"]
    if types == ["string"]:
        return _BY_FORMAT.get(field.get("format", ""))
    return _BY_TYPE.get(types[0]) if len(types) == 1 else None
