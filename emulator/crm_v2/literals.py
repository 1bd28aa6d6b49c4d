"""Literals of RDQL against the kind of the property: the table of crm-v2.md#rdql, row by row.

A literal that the table shows as 500 raises LiteralError; so does one whose form it does not know.
"""

from __future__ import annotations

import re

from ..clock import parse_instant
from .rdql import Value

__all__ = ["LiteralError", "date", "instant", "number"]

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SPACED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
# No fraction of a second: microseconds with an offset answer 500 [seen], milliseconds presumably too [guess].
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?")


class LiteralError(ValueError):
    """The value does not fit the property, or is written in a way that the API answers with 500."""


def instant(value: Value) -> int:
    """Milliseconds; a date means its midnight, a naive literal is UTC [seen]."""
    spaced = value.quoted and _SPACED.fullmatch(value.text)  # with a space only in quotes [seen]
    if not (spaced or _DATE.fullmatch(value.text) or _ISO.fullmatch(value.text)):
        raise LiteralError(f"no date-time: {value.text!r}")
    try:
        return parse_instant(value.text)
    except ValueError as error:
        raise LiteralError(f"no such date: {value.text!r}") from error


def date(value: Value) -> str:
    """YYYY-MM-DD, to be compared as text; of a date-time, its day."""
    instant(value)
    return value.text[:10]


def number(value: Value) -> float:
    """Integers and floats alike."""
    try:
        return float(value.text)
    except ValueError as error:
        raise LiteralError(f"no number: {value.text!r}") from error
