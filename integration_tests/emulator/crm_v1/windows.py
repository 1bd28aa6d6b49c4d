"""Dates in parameters -> half-open ranges.

Their zone, and whether a row exactly at the end belongs to its window, are unknown (crm-v1.md#unknowns row 3).
"""

from __future__ import annotations

import re
from datetime import date

from ..clock import parse_instant
from ..data.times import DAY
from ..settings import Settings
from .errors import WrongParameterError
from .times import SAO_PAULO_MS

__all__ = ["FOREVER", "dates", "days", "instants"]

FOREVER = 1 << 62
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")  # no zone [doc]


def instants(start: str, end: str, settings: Settings) -> tuple[int, int]:
    """A window of deals; a plain date stands for its midnight [guess]."""
    return _instant(start, settings), _instant(end, settings) + _end_belongs(settings)


def days(start: str, end: str, settings: Settings) -> tuple[int, int]:
    """Whole days, as instants; an empty text leaves that side open."""
    low = _instant(_day(start), settings) if start else 0
    high = _instant(_day(end), settings) + _end_belongs(settings) * DAY if end else FOREVER
    return low, high


def dates(start: str, end: str, settings: Settings) -> tuple[int, int]:
    """Whole days, as ordinals, for fields that are plain dates; a time of day is not looked at [guess]."""
    for text in (start, end):
        _instant(text, settings)
    return _ordinal(start), _ordinal(end) + _end_belongs(settings)


def _end_belongs(settings: Settings) -> int:
    return int(settings.v1_window_end == "inclusive")


def _instant(text: str, settings: Settings) -> int:
    if not (_DAY.fullmatch(text) or _SECOND.fullmatch(text)):
        raise WrongParameterError(text)
    try:
        as_utc = parse_instant(text)
    except ValueError as error:
        raise WrongParameterError(text) from error
    return as_utc + (SAO_PAULO_MS if settings.v1_window_tz == "-03:00" else 0)


def _day(text: str) -> str:
    if not _DAY.fullmatch(text):
        raise WrongParameterError(text)
    return text


def _ordinal(text: str) -> int:
    return date.fromisoformat(text[:10]).toordinal()
