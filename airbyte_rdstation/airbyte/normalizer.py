"""Makes records agree with their stream's JSON schema: strict on output where the API is loose.

Date-times leave as RFC 3339 UTC, dates as `YYYY-MM-DD`, numbers as numbers, inside objects and lists as well; an empty
text in their place is null. All else passes untouched, unknown fields too. Facts: docs/api/crm-v2.md#data-quirks;
docs/api/crm-v1.md#basics and #data-quirks; docs/api/conversas.md#contacts to #message-history.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from airbyte_rdstation.client.json_text import as_json_text
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import normalize_date, normalize_instant

__all__ = ["Normalizer", "as_text"]

_logger = logging.getLogger("airbyte.rdstation")

_Conversion: TypeAlias = Callable[[Any], Any]


class Normalizer:
    """Converts the records of one stream in place; touches only the fields that need it."""

    def __init__(self, stream: str, schema: Mapping[str, Any], *, lenient: bool = False) -> None:
        """Prepare the conversions of a schema.

        `lenient` is for an API whose types nobody documents: a value of another type than the schema's is rewritten,
        not passed on. A text takes any value as JSON, a boolean takes `"true"` and `1`, an object becomes
        `{"value": …}`, a list gets one item. What fits no boolean is null.
        """
        self._stream = stream
        self._lenient = lenient
        self._complained: set[str] = set()
        self._normalize = self._of_object(schema, "")

    def __call__(self, row: Row) -> Row:
        """Return the same row, normalized. What cannot be read becomes null, with one warning a field and stream."""
        if self._normalize:
            self._normalize(row)
        return row

    def _of_object(self, schema: Mapping[str, Any], path: str) -> _Conversion | None:
        """Return what converts the values of an object in place; None where none of them needs it."""
        conversions = [
            (name, conversion, f"{path}{name}")
            for name, field in schema.get("properties", {}).items()
            if (conversion := self._of_field(field, f"{path}{name}.")) is not None
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
                        self._complain(where)
            return value

        return convert if conversions else None

    def _of_list(self, field: Mapping[str, Any], path: str) -> _Conversion | None:
        items = field.get("items")
        of_item = self._of_field(items, path) if items else None
        if of_item is None:
            return None
        return lambda value: _each(value, of_item) if isinstance(value, list) else value

    def _of_field(self, field: Mapping[str, Any], path: str) -> _Conversion | None:
        kinds = [kind for kind in field["type"] if kind != "null"]
        if len(kinds) != 1:
            return None
        kind = kinds[0]
        conversion: _Conversion | None
        if kind == "object":
            conversion = self._of_object(field, path)
        elif kind == "array":
            conversion = self._of_list(field, path)
        else:
            conversion = _CONVERSIONS.get(field.get("format", "") if kind == "string" else kind)
        return _rewritten_first(kind, conversion) if self._lenient else conversion

    def _complain(self, path: str) -> None:
        if path not in self._complained:
            self._complained.add(path)
            _logger.warning("%s: a value of %s cannot be read and becomes null.", self._stream, path)


def as_text(value: object) -> str:
    """Return a text as it is, anything else as compact JSON."""
    return value if isinstance(value, str) else as_json_text(value)


def _each(items: list[Any], convert: _Conversion) -> list[Any]:
    return [item if item is None else convert(item) for item in items]


def _rewritten_first(kind: str, conversion: _Conversion | None) -> _Conversion | None:
    rewrite = _REWRITES.get(kind)
    if rewrite is None or conversion is None:
        return rewrite or conversion
    return lambda value: None if (rewritten := rewrite(value)) is None else conversion(rewritten)


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


_CONVERSIONS: Final[Mapping[str, _Conversion]] = {
    "date-time": _instant,
    "date": _date,
    "number": _number,
    "integer": _integer,
}
"""By the format of a text, or the type of what is none."""

_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else _BOOLEANS.get(as_text(value).lower())


def _object(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return value
    return None if value in ("", [], False) else {"value": value}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value == "" else [value]


_REWRITES: Final[Mapping[str, _Conversion]] = {
    "string": as_text,
    "boolean": _boolean,
    "object": _object,
    "array": _list,
}
"""What a lenient reading does first, by the declared type."""
