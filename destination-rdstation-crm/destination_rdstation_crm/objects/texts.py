"""Cells as texts: what counts as empty, what may stand where a text is wanted, and how texts compare. Pure."""

from __future__ import annotations

import math
import unicodedata
from decimal import Decimal
from typing import Any

from airbyte_rdstation.invisible import cleaned, without_invisible
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["blank", "fold", "plain", "text"]


def blank(cell: Any) -> bool:
    """Whether a cell says nothing: null, a text in which nobody sees anything, a list or object of nothing else."""
    if isinstance(cell, str):
        return not without_invisible(cell).strip()
    if isinstance(cell, list):
        return all(blank(item) for item in cell)
    if isinstance(cell, dict):
        return all(blank(item) for item in cell.values())
    return cell is None


def text(cell: Any) -> str:
    """A text without what nobody sees in it, or a number's plain digits: 50000 and 4.0 become "50000" and "4"."""
    if isinstance(cell, str):
        try:
            cell.encode()
        except UnicodeEncodeError:  # half of a surrogate pair: JSON can spell it, UTF-8 cannot
            raise RowRejectedError("the text holds characters that are no valid Unicode") from None
        return cleaned(cell)
    if isinstance(cell, bool):
        raise RowRejectedError("a text is needed, and this is true or false")
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return _digits(cell)
    raise RowRejectedError("a text is needed, and this is a list or an object")


def plain(value: Any) -> str:
    """A text to compare: without the spaces around it, which an API may or may not keep."""
    return text(value).strip()


def fold(value: str) -> str:
    """A text as matching sees it: what one sees of it, trimmed and without case (RD Station's own rule is unknown)."""
    return unicodedata.normalize("NFC", without_invisible(value).strip().casefold())


def _digits(number: float) -> str:
    if not math.isfinite(number):
        raise RowRejectedError("this is no finite number")
    digits = format(Decimal(repr(number)), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
