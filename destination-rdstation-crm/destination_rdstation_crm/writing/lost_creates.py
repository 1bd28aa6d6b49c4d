"""Creations whose answers were lost: each is looked up before it is tried again, or called uncertain.

They are resolved once all other creations of the batch are answered. What was created since, and is nobody else's,
can then only be theirs. Facts: docs/api/crm-v2.md#writes and #unknowns (rows 23 and 24).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from airbyte_rdstation.dates import parse_instant
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.row import Prepared
from destination_rdstation_crm.writing.crm_api import Crm, Held
from destination_rdstation_crm.writing.index import Untold
from destination_rdstation_crm.writing.lookup import Lookup
from destination_rdstation_crm.writing.targets import Target
from destination_rdstation_crm.writing.worker_pool import WorkerPool

__all__ = ["Lost", "LostCreations", "Verdicts"]

# A record just created may not be findable at once [guess]: it is looked for during seven seconds in all.
_WAITS_SECONDS: Final = (0.0, 1.0, 2.0, 4.0)
_CLOCK_DOUBT: Final = timedelta(seconds=5)  # the server's clock is known by whole seconds, from one answer


@dataclass(frozen=True)
class Lost:
    """A creation that may have been carried out."""

    target: Target
    body: Mapping[str, Any] = field(repr=False)
    began: datetime
    """RD Station's time when it was sent."""


@dataclass
class Verdicts:
    """What became of creations whose answers were lost."""

    created: list[tuple[Target, str]] = field(default_factory=list)
    """With the id that the record has."""
    matched: list[Target] = field(default_factory=list)
    """The matching key names a record now: it is brought up to date, as any other."""
    uncertain: list[tuple[Target, list[str]]] = field(default_factory=list)
    """With the ids of the records that each may be."""
    not_created: list[Target] = field(default_factory=list)


class LostCreations:
    """Looks for what one stream's creations have left."""

    def __init__(self, crm: Crm, plan: StreamPlan, pool: WorkerPool, sleep: Callable[[float], object]) -> None:
        self._crm = crm
        self._plan = plan
        self._pool = pool
        self._sleep = sleep

    def resolve(self, lost: Sequence[Lost], claimed: set[str]) -> Verdicts:
        """The verdict on each; `claimed` are the ids of records that other rows have created in this sync."""
        verdicts = Verdicts()
        waiting = list(lost)
        for seconds in _WAITS_SECONDS:
            if not waiting:
                break
            self._sleep(seconds)
            keyed = [one for one in waiting if _has_key(one.target.rows)]
            keyless = [one for one in waiting if not _has_key(one.target.rows)]
            waiting = self._by_matching_key(keyed, verdicts) + self._by_natural_key(keyless, claimed, verdicts)
        verdicts.not_created += [one.target for one in waiting]
        return verdicts

    def _by_matching_key(self, lost: Sequence[Lost], verdicts: Verdicts) -> list[Lost]:
        """Before the creation, no record had the key; those of `lost` that none has still."""
        if not lost:
            return []
        still = []
        found = Lookup(self._crm, self._plan, self._pool).matches([one.body for one in lost])
        for one, hits in zip(lost, found, strict=True):
            if hits == []:
                still.append(one)
            elif not isinstance(hits, Untold) and len(hits) == 1:
                verdicts.matched.append(Target(one.target.rows, hits[0]["id"], hits[0], made=True))
            else:
                verdicts.uncertain.append((one.target, [] if isinstance(hits, Untold) else [hit["id"] for hit in hits]))
        return still

    def _by_natural_key(self, lost: Sequence[Lost], claimed: set[str], verdicts: Verdicts) -> list[Lost]:
        """By e-mail or name, among the records created since; those of `lost` that none of them can be."""
        still = []
        for natural in ("email", "name"):
            # Who says most chooses first: what it has left also holds all that one says who says less.
            chosen = sorted((one for one in lost if _natural_key(one.body) == natural), key=_says, reverse=True)
            if not chosen:
                continue
            plan = replace(self._plan, mapping=replace(self._plan.mapping, key_field=natural))
            since = min(one.began for one in chosen) - _CLOCK_DOUBT
            found = Lookup(self._crm, plan, self._pool).matches([one.body for one in chosen], since=since)
            for one, hits in zip(chosen, found, strict=True):
                told = [] if isinstance(hits, Untold) else hits
                candidates = [hit for hit in told if hit["id"] not in claimed and _is_since(hit, one.began)]
                equal = [hit["id"] for hit in candidates if not self._plan.changed(hit, one.body)]
                if equal:
                    claimed.add(equal[0])
                    verdicts.created.append((one.target, equal[0]))
                elif candidates or isinstance(hits, Untold):
                    verdicts.uncertain.append((one.target, [hit["id"] for hit in candidates]))
                else:
                    still.append(one)
        return still


def _has_key(rows: Sequence[Prepared]) -> bool:
    return any(row.keys for row in rows)


def _natural_key(body: Mapping[str, Any]) -> str:
    return "email" if body.get("emails") else "name"


def _says(one: Lost) -> int:
    """How many values it states."""
    return sum(len(value) if isinstance(value, (list, dict)) else 1 for value in one.body.values())


def _is_since(held: Held, began: datetime) -> bool:
    try:
        return parse_instant(held.get("created_at")) >= began - _CLOCK_DOUBT
    except ValueError:
        return True  # it does not say: it cannot be told apart from ours
