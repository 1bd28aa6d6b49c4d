"""What a generator may ask of the account it fills. A room of its own: the account imports the generators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..data.collection import Collection
from ..data.row import Row
from ..rng import Rng

__all__ = ["CREATED_LATER", "Lookup"]

CREATED_LATER = 1 << 32  # numbers of rows that were not there at the start


class Lookup(Protocol):
    """The account, as far as generators need it."""

    @property
    def seed(self) -> int:
        """What everything is drawn from."""

    @property
    def company(self) -> str:
        """The account's id."""

    @property
    def lists(self) -> Mapping[str, Collection]:
        """The lists made so far."""

    def some_row(self, name: str, dice: Rng) -> Row | None:
        """A random row of the list as it began, None of an empty list."""
