"""Records by the values of their matching key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import orjson

from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.writing.crm_api import Held

__all__ = ["Hits", "Index", "Untold", "WholeIndex"]


@dataclass(frozen=True)
class Untold:
    """It cannot be told which records have a key."""

    reason: str
    """As a reject states it."""


Hits: TypeAlias = "list[Held] | Untold"


class Index:
    """The records that a look-up has brought."""

    def __init__(self, plan: StreamPlan) -> None:
        self._plan = plan
        self._by_value: dict[str, dict[str, Held]] = {}
        self._given_up: dict[frozenset[str], Untold] = {}

    def add(self, records: Iterable[Held]) -> None:
        """Takes in what an answer brought."""
        for record in records:
            for value in self._plan.match_values(record):
                self._by_value.setdefault(value, {})[record["id"]] = record

    def give_up(self, sign: frozenset[str], reason: str) -> None:
        """It cannot be told which records share a value with the sign."""
        self._given_up[sign] = Untold(reason)

    def of(self, sign: frozenset[str]) -> Hits:
        """The records that share a value with the sign, each once."""
        if sign in self._given_up:
            return self._given_up[sign]
        return list({id_: held for value in sign for id_, held in self._by_value.get(value, {}).items()}.values())


class WholeIndex:
    """Every record of an object, whole, as JSON text: a fraction of the memory that its objects would take."""

    def __init__(self, plan: StreamPlan, records: Iterable[Held], begun: datetime) -> None:
        self.begun = begun
        """RD Station's time before the first of them was read."""
        self._records: dict[str, bytes] = {}
        self._ids: dict[str, list[str]] = {}
        for record in records:
            self._records[record["id"]] = orjson.dumps(record)
            for value in plan.match_values(record):
                self._ids.setdefault(value, []).append(record["id"])

    def __len__(self) -> int:
        return len(self._records)

    def with_sign(self, sign: frozenset[str]) -> list[Held]:
        """The records that share a value with the sign."""
        return [orjson.loads(self._records[id_]) for value in sign for id_ in self._ids.get(value, ())]
