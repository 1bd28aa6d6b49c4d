"""What RD Station makes of the look-ups' filters, learnt once a sync for each object and matching key.

No document promises each form of a filter on each property (crm-v2.md, "What is still unknown"): one may be refused, or
ignored, which brings every row. A form that turns out so is left for the rest of the sync.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, Literal, TypeAlias, TypeVar

__all__ = ["Form", "KnownForms"]

Form: TypeAlias = Literal["list", "single", "contains", "ids", "bare ids"]
T = TypeVar("T")

_LEFT: Final[dict[Form, str]] = {
    "list": "several values of {key} in one request: from here on each takes a request of its own",
    "single": "{key}: all records are read once instead, and searched in memory",
    "contains": "parts of {key}: a value that the CRM spells with other capitals may not be found",
    "ids": "several quoted ids in one request",
    "bare ids": "several ids in one request: from here on each takes a request of its own",
}

_logger = logging.getLogger("airbyte.rdstation")


class KnownForms(Generic[T]):
    """Of the look-ups in one object by one key, with the index `T` that serves where no filter does. Thread-safe."""

    def __init__(self, crm_object: str, key_field: str | None) -> None:
        self._named = crm_object, key_field or "_id"
        self._lock = Lock()
        self._serves: dict[Form, bool] = {}
        self._told: set[Form] = set()
        self._index: T | None = None
        self.heeds_all_keys = False
        """An answer to a list of keys held a record of another key than the first: the list is not cut to that one."""
        self._was_shown = False

    def is_left(self, form: Form) -> bool:
        """Whether it is known to be of no use."""
        return self._serves.get(form) is False

    def serves(self, form: Form, control: Callable[[], bool]) -> bool:
        """Whether it is of use; the first who asks finds out by `control`, the others wait for that."""
        with self._lock:
            if form not in self._serves:
                self._serves[form] = control()
            return self._serves[form]

    def served(self, form: Form) -> None:
        """Notes an answer that obeyed it."""
        self._serves.setdefault(form, True)

    def leave(self, form: Form, why: str) -> None:
        """Does without it from here on, and says so once."""
        with self._lock:
            told = form in self._told
            self._serves[form] = False
            self._told.add(form)
        if not told:
            crm_object, key = self._named
            _logger.info("Look-up of %s: RD Station %s %s.", crm_object, why, _LEFT[form].format(key=key))

    def shows_that_it_heeds_all_keys(self, show: Callable[[], bool]) -> bool:
        """Whether a list of keys is not cut to the first; where no answer told, the first who asks lets `show` tell."""
        with self._lock:
            if not (self.heeds_all_keys or self._was_shown):
                self.heeds_all_keys = show()
                self._was_shown = True
            return self.heeds_all_keys

    def index(self, make: Callable[[], T]) -> T:
        """The index of the whole object, made for the first who asks."""
        with self._lock:
            if self._index is None:
                self._index = make()
            return self._index
