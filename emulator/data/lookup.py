"""What a generator may ask of the account it fills. A room of its own: the account imports the generators."""

from __future__ import annotations

from typing import Protocol

from ..rng import Rng

__all__ = ["Lookup"]


class Lookup(Protocol):
    """The account, as far as generators need it."""

    seed: int
    stages_each: int  # stages of every pipeline; 0 leaves it to the pipeline

    def some_id(self, name: str, dice: Rng) -> str | None:
        """The id of a random row of the account as it began, None of an empty list."""

    def some_ids(self, name: str, dice: Rng, most: int, least: int = 0) -> list[str]:
        """Up to `most` different ids; at least `least`, if there are so many."""

    def stage_ids(self, pipeline_id: str | None) -> list[str | None]:
        """The stages of a pipeline, in order; [None] when there are none."""
