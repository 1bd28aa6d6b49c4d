"""True and false, as tables in English and Portuguese spell them. Pure."""

from __future__ import annotations

from typing import Any, Final

from destination_rdstation_crm.objects.texts import fold

__all__ = ["truth"]

_TRUE: Final = frozenset({"true", "t", "1", "1.0", "yes", "y", "sim", "s", "verdadeiro", "v"})
_FALSE: Final = frozenset({"false", "f", "0", "0.0", "no", "n", "não", "nao", "falso"})


def truth(cell: Any) -> bool | None:
    """Which of the two a cell says; None if neither."""
    word = fold(str(cell))
    return True if word in _TRUE else False if word in _FALSE else None
