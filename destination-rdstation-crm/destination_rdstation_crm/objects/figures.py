"""Numbers and days as people, spreadsheets and warehouses write them. Pure.

A text that can be read in two ways is refused with RowRejectedError, and so is what is no number or no day.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date
from typing import Any, Final

from airbyte_rdstation.invisible import without_invisible
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["birthday", "brazilian_day", "day_of", "iso_day", "number", "price", "rating"]

_BEST_RATING: Final = 5  # [doc], the webhook page

_CURRENCY: Final = re.compile(r"([+-]?) ?(?:R\$|BRL) ?(.+)|(.+?) ?(?:R\$|BRL)()", re.IGNORECASE)
_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,3}")
_GROUPED_ONCE: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_POINT: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]*")
_POINT_AFTER_COMMAS: Final = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_COMMA_AFTER_POINTS: Final = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]*)?")
_GROUPED_BY_SPACES: Final = re.compile(r"[+-]?[0-9]{1,3}( [0-9]{3})+([.,][0-9]*)?")
_MINUS_BEHIND: Final = re.compile(r"([0-9][0-9.,]*)-")  # as SAP writes it


def price(cell: Any) -> float:
    """Read a float: JSON then has a decimal point, without which one account refuses prices [seen].

    `R$ 1.234,56` is one too, and `R$ 1.234` is 1234: whoever writes the sign writes thousands with a point.
    """
    if not isinstance(cell, str):
        return number(cell)
    tidy = _tidy(cell)
    money = _CURRENCY.fullmatch(tidy)
    if money is None:
        return number(tidy)
    amount = f"{money[1] or ''}{money[2] or money[3]}"
    return number(amount.replace(".", "") if _GROUPED_ONCE.fullmatch(amount) and "." in amount else amount)


def rating(cell: Any) -> int:
    """Read a whole number from 1 to 5."""
    value = number(cell)
    if not value.is_integer() or not 1 <= value <= _BEST_RATING:
        raise RowRejectedError("a rating is a whole number from 1 to 5")
    return int(value)


def number(cell: Any) -> float:
    """Read a finite number, or a text that can only be read as one: `1500.5`, `"1.500,50"`."""
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
        raise RowRejectedError("a number is needed")
    try:
        value = float(_notation(_tidy(cell)) if isinstance(cell, str) else cell)
    except OverflowError:
        raise RowRejectedError("the number is too large") from None
    if not math.isfinite(value):
        raise RowRejectedError("this is no finite number")
    return value


def _tidy(cell: str) -> str:
    """The text without what nobody sees, and without the apostrophe by which Excel keeps a number as text."""
    return without_invisible(cell).strip().removeprefix("'").strip()


def _notation(text: str) -> str:
    """The text as Python reads it. "1.500" is refused: it is 1.5 in one country and 1500 in the other."""
    if behind := _MINUS_BEHIND.fullmatch(text):
        text = f"-{behind[1]}"
    if _GROUPED_ONCE.fullmatch(text):
        raise RowRejectedError(
            "the number can be read in two ways, as thousands or as decimals: send it as a number, or with two decimals"
        )
    if _POINT.fullmatch(text) or _SCIENTIFIC.fullmatch(text):
        return text
    if _COMMA.fullmatch(text):
        return text.replace(",", ".")
    if _POINT_AFTER_COMMAS.fullmatch(text):
        return text.replace(",", "")
    if _COMMA_AFTER_POINTS.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    if _GROUPED_BY_SPACES.fullmatch(text):
        return text.replace(" ", "").replace(",", ".")
    raise RowRejectedError("a number is needed, and this text is none")


_TIME: Final = r"([T ][0-2][0-9]:[0-5][0-9](:[0-6][0-9]([.,][0-9]+)?)?( ?(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?))?)?"
_ISO: Final = re.compile(r"(?P<year>[0-9]{4})([/-])(?P<month>[0-9]{2})\2(?P<day>[0-9]{2})" + _TIME)
_COMPACT: Final = re.compile(r"(?P<year>(19|20)[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
_DAY_FIRST: Final = re.compile(r"(?P<day>[0-9]{1,2})([/.-])(?P<month>[0-9]{1,2})\2(?P<year>[0-9]{4})" + _TIME)
_IN_WORDS: Final = re.compile(
    r"([a-z]+(-feira)?, )?(?P<day>[0-9]{1,2})(º|o)?([ /.-]| de )(?P<word>[a-z]{3,9})\.?([ /.-]| de )(?P<year>[0-9]{4})"
    + _TIME.replace("T", "t").replace("UTC", "utc")
)
_NO_YEAR: Final = re.compile(r"0000-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})|(?P<first>[0-9]{2})/(?P<second>[0-9]{2})")
_SHORT_YEAR: Final = re.compile(r"[0-9]{1,2}([/.-])([0-9]{1,2}|[a-z]{3})\1[0-9]{2}")
_SERIAL: Final = re.compile(r"[0-9]{5}(\.[0-9]+)?")
_LEAP_YEAR: Final = 2000  # a birthday without a year may be the 29th of February
_MONTHS_OF_A_YEAR: Final = 12
_LONGER_THAN_A_DAY: Final = 10**8
_MONTHS: Final = {
    name[:length]: month
    for names in (
        "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
        "january february march april may june july august september october november december",
    )
    for month, name in enumerate(names.split(), 1)
    for length in (3, len(name))
}  # the two languages agree wherever both have an abbreviation


def iso_day(cell: Any) -> str:
    """Write the cell's day as `YYYY-MM-DD`."""
    return day_of(cell).isoformat()


def brazilian_day(cell: Any) -> str:
    """Write the cell's day as `DD/MM/YYYY`, the form of custom fields [doc v1]."""
    day = day_of(cell)
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def birthday(cell: Any) -> str:
    """Write the cell's day as `YYYY-MM-DD`, or `0000-MM-DD` without a year [doc]; "31/12" has none either."""
    yearless = _NO_YEAR.fullmatch(_tidy(cell)) if isinstance(cell, str) else None
    if yearless is None:
        return iso_day(cell)
    day = _calendar_day(
        _LEAP_YEAR, int(yearless["month"] or yearless["second"]), int(yearless["day"] or yearless["first"])
    )
    return f"0000-{day.month:02}-{day.day:02}"


def day_of(cell: Any) -> date:
    """Read the day that the cell itself names: a date-time keeps its own calendar day, whatever its zone."""
    if isinstance(cell, int) and 0 < cell < _LONGER_THAN_A_DAY:
        cell = str(cell)  # 20261231
    tidy = _tidy(cell) if isinstance(cell, str) else ""
    if match := _ISO.fullmatch(tidy) or _COMPACT.fullmatch(tidy):
        return _calendar_day(int(match["year"]), int(match["month"]), int(match["day"]))
    if match := _DAY_FIRST.fullmatch(tidy):
        return _day_first(match["day"], match["month"], int(match["year"]))
    folded = "".join(each for each in unicodedata.normalize("NFD", tidy.lower()) if not unicodedata.combining(each))
    match = _IN_WORDS.fullmatch(folded)
    if match and match["word"] in _MONTHS:
        return _calendar_day(int(match["year"]), _MONTHS[match["word"]], int(match["day"]))
    if _SHORT_YEAR.fullmatch(folded):
        raise RowRejectedError("a date is needed, and its year has two digits: send it with four")
    if _SERIAL.fullmatch(tidy):
        raise RowRejectedError("a date is needed, and this is a number of days, as Excel keeps one: send it as a date")
    raise RowRejectedError("a date is needed: YYYY-MM-DD, a date-time, or DD/MM/YYYY")


def _day_first(day: str, month: str, year: int) -> date:
    """The day of 31/12/2026. "9/3/2026" is refused: American programs write so, and mean the 3rd of September."""
    if int(month) > _MONTHS_OF_A_YEAR >= int(day):
        raise RowRejectedError("the date has its month first, and is needed as DD/MM/YYYY or YYYY-MM-DD")
    if len(day) + len(month) < len("ddmm") and int(day) <= _MONTHS_OF_A_YEAR and int(day) != int(month):
        raise RowRejectedError("the date can be read in two ways, day first or month first: send it as DD/MM/YYYY")
    return _calendar_day(year, int(month), int(day))


def _calendar_day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise RowRejectedError("there is no such day in the calendar") from None
