"""Instants as RD Station writes them and as the connectors emit them. Pure: standard library only.

In: ISO 8601 with any offset, with or without fractions of a second, or naive (which means UTC [seen]).
Out: RFC 3339, UTC, milliseconds, `Z`. Facts: docs/api/crm-v2.md#data-quirks.

Whatever no calendar has (30 February, month 0) is a ValueError, however well it is spelled. A record may hold any
date; one that is calculated with (a cursor, a state, a setting) lies between `FIRST_YEAR` and `LAST_YEAR`, so that no
look-back and no time zone leads beyond what a datetime can hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from typing import Final

__all__ = [
    "EPOCH",
    "FIRST_YEAR",
    "LAST_YEAR",
    "ONE_SECOND",
    "floor_second",
    "format_instant",
    "is_older",
    "newest_instant",
    "normalize_date",
    "normalize_instant",
    "parse_instant",
    "parse_instants",
]

ONE_SECOND: Final = timedelta(seconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2999

_CANONICAL_LENGTH: Final = len("2026-08-01T12:00:00.123Z")
_FRACTION_DIGITS: Final = 6


def parse_instant(text: object, *, any_year: bool = False) -> datetime:
    """Read an instant to calculate with: in UTC; a naive text is read as UTC, a date alone as its midnight.

    ValueError if it is no date, or lies before `FIRST_YEAR` or after `LAST_YEAR`, unless `any_year` will do.
    """
    if not isinstance(text, str):
        raise ValueError("no date")  # one kind of error, whatever the API sent
    text = text.strip()
    if text[-1:] in {"Z", "z"}:
        text = text[:-1] + "+00:00"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(_for_python_3_10(text))
        except ValueError:
            raise ValueError("no date") from None  # without the text: it may be anything
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    elif moment.tzinfo is not timezone.utc:
        try:
            moment = moment.astimezone(timezone.utc)
        except OverflowError:
            raise ValueError("no date") from None  # in UTC it lies before the year 1 or after 9999
    if not any_year and not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("no date of this time")
    return moment


def parse_instants(texts: Iterable[object]) -> list[datetime | None]:
    """Read the instants of a page's rows, one field of each; None for what cannot be calculated with."""
    moments: list[datetime | None] = []
    for text in texts:
        try:
            moments.append(parse_instant(text))
        except ValueError:  # noqa: PERF203 - where none is raised it costs nothing
            moments.append(None)
    return moments


def format_instant(moment: datetime) -> str:
    """Write an instant as RFC 3339 in UTC with milliseconds and `Z`: `2026-08-01T12:00:00.123Z`."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def floor_second(moment: datetime) -> datetime:
    """Cut an instant to its whole second: filter literals carry no fractions (they answer 500 [seen])."""
    return moment.replace(microsecond=0)


def normalize_instant(text: object) -> str:
    """Spell an instant of any year as `format_instant` does. ValueError if it is no date.

    Most texts are canonical already [doc]: they are only read, which takes a quarter of the time.
    """
    if (
        isinstance(text, str)
        and len(text) == _CANONICAL_LENGTH
        and text[-1] == "Z"
        and text[10] == "T"
        and text[19] == "."
        and text[4] == text[7] == "-"
    ):
        try:
            datetime.fromisoformat(text[:-1])
        except ValueError:
            raise ValueError("no date") from None
        return text
    return format_instant(parse_instant(text, any_year=True))


def is_older(text: str | None, than: str) -> bool:
    """Tell whether one canonical instant lies before another; none does that cannot be calculated with."""
    return text is not None and str(FIRST_YEAR) <= text < than


def newest_instant(texts: Iterable[object]) -> str | None:
    """Return the newest instant that can be calculated with, as `format_instant` spells it; None if there is none."""
    newest = ""
    for text in texts:
        try:
            instant = normalize_instant(text)
        except ValueError:
            continue
        if newest < instant and str(FIRST_YEAR) <= instant < str(LAST_YEAR + 1):
            newest = instant
    return newest or None


def normalize_date(text: object) -> str:
    """Return `YYYY-MM-DD`; a date-time is cut to its own calendar day. ValueError or TypeError if it is neither."""
    if not isinstance(text, str):
        raise TypeError(f"a {type(text).__name__}, not a text")  # from Python 3.12 on, cutting a dict is a KeyError
    if text[10:11] not in ("", "T", " "):
        raise ValueError("no date")
    return date.fromisoformat(text[:10]).isoformat()


def _for_python_3_10(text: str) -> str:
    """Spell an instant as `fromisoformat` of Python 3.10 reads it: six fraction digits, `+00:00`."""
    head, dot, rest = text.partition(".")
    if dot:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        fraction, zone = rest[:digits], rest[digits:]
        text = f"{head}.{fraction[:_FRACTION_DIGITS]:0<{_FRACTION_DIGITS}}{zone}"
    if len(text) > len("+0000") and text[-5] in "+-" and text[-4:].isdigit():
        text = f"{text[:-2]}:{text[-2:]}"
    return text
