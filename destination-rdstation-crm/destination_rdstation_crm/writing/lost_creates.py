"""Creations whose answers were lost: each is looked up before it is tried again, or called uncertain.

They are resolved once all other creations of the batch are answered. What was created since, and is nobody else's,
can then only be theirs. Facts: docs/api/crm-v2.md#writes and #unknowns (rows 23 and 24).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airbyte_rdstation.dates import parse_instant
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.objects.crm_object import ID_FIELD
from destination_rdstation_crm.writing.crm_api import CLOCK_DOUBT, Crm, Existing
from destination_rdstation_crm.writing.lookup import Hits, Lookup, NoAnswer
from destination_rdstation_crm.writing.record_writer import Lost, Target
from destination_rdstation_crm.writing.worker_pool import WorkerPool

__all__ = ["LostCreations", "Verdicts"]

# A record just created may not be findable at once [guess]: it is looked for during seven seconds in all.
_WAITS_SECONDS: Final = (0.0, 1.0, 2.0, 4.0)


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
        self._natural_keys = [key for key in plan.record_type.crm_object.matching_keys if key != ID_FIELD]

    def resolve(self, lost: Sequence[Lost], claimed: set[str]) -> Verdicts:
        """Decide each; `claimed` are the ids of records that other rows have created in this sync."""
        verdicts = Verdicts()
        waiting = list(lost)
        for seconds in _WAITS_SECONDS:
            if not waiting:
                break
            self._sleep(seconds)
            keyed = [one for one in waiting if any(row.key.texts for row in one.target.rows)]
            keyless = [one for one in waiting if not any(row.key.texts for row in one.target.rows)]
            waiting = self._by_matching_key(keyed, verdicts) + self._by_natural_key(keyless, claimed, verdicts)
        verdicts.not_created += [one.target for one in waiting]
        return verdicts

    def _by_matching_key(self, lost: Sequence[Lost], verdicts: Verdicts) -> list[Lost]:
        """Look by the key, which no record had before the creation; gives those of `lost` whose key still none has."""
        if not lost:
            return []
        still = []
        for one, hits in self._found(lost, self._plan.key_field):
            if hits == []:
                still.append(one)
            elif not isinstance(hits, NoAnswer) and len(hits) == 1:
                verdicts.matched.append(Target(one.target.rows, hits[0]["id"], hits[0], recovered=True))
            else:
                ids = [] if isinstance(hits, NoAnswer) else [hit["id"] for hit in hits]
                verdicts.uncertain.append((one.target, ids))
        return still

    def _by_natural_key(self, lost: Sequence[Lost], claimed: set[str], verdicts: Verdicts) -> list[Lost]:
        """Look by e-mail or name among the records created since; gives those of `lost` that none of them can be."""
        still = []
        for natural in self._natural_keys:
            # Match the most specific body first: a record created from it also satisfies the less specific ones.
            chosen = sorted((one for one in lost if self._natural_key(one) == natural), key=_says, reverse=True)
            if not chosen:
                continue
            since = min(one.began for one in chosen) - CLOCK_DOUBT
            for one, hits in self._found(chosen, natural, since):
                found = [] if isinstance(hits, NoAnswer) else hits
                candidates = [hit for hit in found if hit["id"] not in claimed and _is_since(hit, one.began)]
                equal = [hit["id"] for hit in candidates if not self._plan.record_type.difference(hit, one.body)]
                if equal:
                    claimed.add(equal[0])
                    verdicts.created.append((one.target, equal[0]))
                elif candidates or isinstance(hits, NoAnswer):
                    verdicts.uncertain.append((one.target, [hit["id"] for hit in candidates]))
                else:
                    still.append(one)
        return still

    def _natural_key(self, one: Lost) -> str:
        stated = (key for key in self._natural_keys if self._plan.record_type.identity(key, one.body).texts)
        return next(stated, self._natural_keys[-1])

    def _found(
        self, lost: Sequence[Lost], key_field: str | None, since: datetime | None = None
    ) -> Iterable[tuple[Lost, Hits]]:
        keys = [self._plan.record_type.identity(key_field, one.body) for one in lost]
        return zip(lost, Lookup(self._crm, self._plan, key_field, self._pool).find(keys, since), strict=True)


def _says(one: Lost) -> int:
    """Count the values that its body states."""
    return sum(len(value) if isinstance(value, (list, dict)) else 1 for value in one.body.values())


def _is_since(record: Existing, began: datetime) -> bool:
    try:
        return parse_instant(record.get("created_at")) >= began - CLOCK_DOUBT
    except ValueError:
        return True  # it does not say: it cannot be told apart from ours
