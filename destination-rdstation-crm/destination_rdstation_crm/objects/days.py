"""Cells as days: ISO dates, ISO date-times and the Brazilian DD/MM/YYYY, and back into either form. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from airbyte_rdstation.invisible import without_invisible
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["birthday", "brazilian_day", "day_of", "iso_day"]

_TIME: Final = r"([T ][0-2][0-9]:[0-5][0-9](:[0-6][0-9]([.,][0-9]+)?)?( ?(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?))?)?"
_ISO: Final = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})" + _TIME)
_BRAZILIAN: Final = re.compile(r"(?P<day>[0-9]{2})/(?P<month>[0-9]{2})/(?P<year>[0-9]{4})" + _TIME)
_NO_YEAR: Final = re.compile(r"0000-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_LEAP_YEAR: Final = 2000  # a birthday without a year may be the 29th of February


def iso_day(cell: Any) -> str:
    """`YYYY-MM-DD`."""
    return day_of(cell).isoformat()


def brazilian_day(cell: Any) -> str:
    """`DD/MM/YYYY`, the form of custom fields [doc v1]."""
    day = day_of(cell)
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def birthday(cell: Any) -> str:
    """`YYYY-MM-DD`, or `0000-MM-DD` without a year [doc]."""
    yearless = _NO_YEAR.fullmatch(without_invisible(cell).strip()) if isinstance(cell, str) else None
    if yearless is None:
        return iso_day(cell)
    day = _calendar_day(_LEAP_YEAR, int(yearless["month"]), int(yearless["day"]))
    return f"0000-{day.month:02}-{day.day:02}"


def day_of(cell: Any) -> date:
    """The day that the cell itself names: a date-time keeps its own calendar day, whatever its zone."""
    trimmed = without_invisible(cell).strip() if isinstance(cell, str) else ""
    match = _ISO.fullmatch(trimmed) or _BRAZILIAN.fullmatch(trimmed)
    if match is None:
        raise RowRejectedError("a date is needed: YYYY-MM-DD, a date-time, or DD/MM/YYYY")
    return _calendar_day(int(match["year"]), int(match["month"]), int(match["day"]))


def _calendar_day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise RowRejectedError("there is no such day in the calendar") from None
