"""Options of a custom field: found whatever their case, sent as the account defines them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from destination_rdstation_crm.objects.values import begins_nested, blank, fold, text, unfolded
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["Options"]


class Options:
    """The texts that an `option` or `multiple_choice` field takes; with no options known, any text."""

    def __init__(self, texts: Sequence[str], *, open_ended: bool) -> None:
        self._exact = frozenset(texts)
        self._by_fold = {fold(option): option for option in reversed(texts)}  # of two alike, the first
        self._open_ended = open_ended or not texts

    def one(self, cell: Any) -> str:
        """The option that the cell names."""
        wanted = text(cell).strip()
        found = self._find(wanted)
        if found is None and begins_nested(wanted):
            raise RowRejectedError("one option is needed, and this is a JSON list or object as text")
        if found is None and not self._open_ended:
            raise RowRejectedError("this is none of the field's options, and the field allows no new ones")
        return wanted if found is None else found

    def read(self, cell: Any) -> Any:
        """The list that a cell holds as text, where that text is no option itself."""
        return cell if isinstance(cell, str) and self._find(cell) is not None else unfolded(cell)

    def several(self, cell: Any) -> list[str]:
        """The options of a list, or of a text with commas between them, each once."""
        named = [self.one(item) for item in cell if not blank(item)] if isinstance(cell, list) else self._split(cell)
        if not named:
            raise RowRejectedError("an option is needed, and there are only commas")
        return list(dict.fromkeys(named))

    def _split(self, cell: Any) -> list[str]:
        """At each place the longest option, since an option may itself contain commas."""
        parts = text(cell).split(",")
        named: list[str] = []
        at = 0
        while at < len(parts):
            ends = range(len(parts), at, -1)
            end = next((end for end in ends if self._find(",".join(parts[at:end])) is not None), at + 1)
            wanted = ",".join(parts[at:end])
            if not blank(wanted):
                named.append(self.one(wanted))
            at = end
        return named

    def _find(self, wanted: str) -> str | None:
        trimmed = wanted.strip()
        return trimmed if trimmed in self._exact else self._by_fold.get(fold(trimmed))
