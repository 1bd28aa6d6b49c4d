"""Dates in parameters -> half-open ranges. What start_date and end_date take is in crm-v1.md#basics.

Their zone, and whether a row exactly at the end belongs to its window, are unknown (crm-v1.md#unknowns row 3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from ..clock import parse_instant
from ..data.times import DAY
from ..settings import Settings
from .errors import WrongParameterError, bad_date
from .times import SAO_PAULO_MS

__all__ = ["FOREVER", "dates", "days", "instants"]

FOREVER = 1 << 62
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")  # no zone [doc]
_ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")  # JavaScript's form (crm-v1.md#unknowns row 17)
ANSWERED = ("start_date", "end_date")  # a wrong one of these is named in a 400 [seen], any other is a 500


def instants(asked: Mapping[str, str], settings: Settings) -> tuple[int, int]:
    """A window of deals; a plain date stands for its midnight [guess]. Raises Refusal."""
    start, end = (_instant(name, asked.get(name, ""), settings) for name in ANSWERED)
    return start, end + _end_belongs(settings)


def days(asked: Mapping[str, str], first: str, last: str, settings: Settings) -> tuple[int, int]:
    """Whole days, as instants; what is not asked for leaves that side open. Raises Refusal or WrongParameterError."""
    low = _instant(first, _day(first, asked[first], settings), settings) if first in asked else 0
    if last not in asked:
        return low, FOREVER
    return low, _instant(last, _day(last, asked[last], settings), settings) + _end_belongs(settings) * DAY


def dates(asked: Mapping[str, str], settings: Settings) -> tuple[int, int]:
    """Whole days, as ordinals, for fields that are plain dates; a time of day is not looked at [guess]."""
    instants(asked, settings)
    start, end = (date.fromisoformat(asked[name][:10]).toordinal() for name in ANSWERED)
    return start, end + _end_belongs(settings)


def _end_belongs(settings: Settings) -> int:
    return int(settings.v1_window_end == "inclusive")


def _instant(name: str, text: str, settings: Settings) -> int:
    zoned = settings.v1_date_z == "accepted" and _ZONED.fullmatch(text)
    if not (zoned or _DAY.fullmatch(text) or _SECOND.fullmatch(text)):
        raise _wrong(name, settings)
    try:
        as_utc = parse_instant(text)
    except ValueError as error:
        raise _wrong(name, settings) from error
    return as_utc + (SAO_PAULO_MS if settings.v1_window_tz == "-03:00" and not zoned else 0)


def _day(name: str, text: str, settings: Settings) -> str:
    if not _DAY.fullmatch(text):
        raise _wrong(name, settings)
    return text


def _wrong(name: str, settings: Settings) -> Exception:
    return bad_date(name, settings) if name in ANSWERED else WrongParameterError(name)
