"""Records as the connector emits them: strict on output where the API is loose.

Date-times leave as RFC 3339 UTC, dates as `YYYY-MM-DD`, numbers as numbers, inside objects and lists as well; an empty
text in their place is null. All else passes untouched, unknown fields too. Facts: docs/api/crm-v2.md#data-quirks;
docs/api/crm-v1.md#basics and #data-quirks.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import normalize_date, normalize_instant

__all__ = ["Normalizer"]

_logger = logging.getLogger("airbyte.rdstation")


class Normalizer:
    """Makes the records of a stream agree with its JSON schema, in place; touches only the fields that need it."""

    def __init__(self, stream: str, schema: Mapping[str, Any]) -> None:
        self._stream = stream
        self._normalize = _of_object(schema, "", self._complain)
        self._complained: set[str] = set()

    def __call__(self, row: Row) -> Row:
        """The same row, normalized. What cannot be read becomes null, with one warning a field and stream."""
        if self._normalize:
            self._normalize(row)
        return row

    def _complain(self, path: str) -> None:
        if path not in self._complained:
            self._complained.add(path)
            _logger.warning("%s: a value of %s cannot be read and becomes null.", self._stream, path)


_Conversion: TypeAlias = Callable[[Any], Any]


def _of_object(schema: Mapping[str, Any], path: str, complain: Callable[[str], None]) -> _Conversion | None:
    """Converts the values of an object in place; None where none of them needs it."""
    conversions = [
        (name, conversion, f"{path}{name}")
        for name, field in schema.get("properties", {}).items()
        if (conversion := _of_field(field, f"{path}{name}.", complain)) is not None
    ]

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            return value  # a list where the schema has an object, say: the account's own form passes
        for name, conversion, where in conversions:
            if (found := value.get(name)) is not None:
                try:
                    value[name] = conversion(found)
                except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
                    value[name] = None
                    complain(where)
        return value

    return convert if conversions else None


def _of_list(schema: Mapping[str, Any], path: str, complain: Callable[[str], None]) -> _Conversion | None:
    of_item = _of_object(schema.get("items", {}), path, complain)

    def convert(value: Any) -> Any:
        if of_item and isinstance(value, list):
            for item in value:
                of_item(item)
        return value

    return convert if of_item else None


def _of_field(field: Mapping[str, Any], path: str, complain: Callable[[str], None]) -> _Conversion | None:
    types = [kind for kind in field["type"] if kind != "null"]
    if len(types) != 1:
        return None
    if types[0] == "object":
        return _of_object(field, path, complain)
    if types[0] == "array":
        return _of_list(field, path, complain)
    return _BY_FORMAT.get(field.get("format", "")) if types[0] == "string" else _BY_TYPE.get(types[0])


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


_BY_FORMAT: Final[Mapping[str, _Conversion]] = {"date-time": _instant, "date": _date}
_BY_TYPE: Final[Mapping[str, _Conversion]] = {"number": _number, "integer": _integer}
