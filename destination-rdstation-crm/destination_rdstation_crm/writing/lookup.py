"""Matches in bulk: which records carry the matching keys of many rows, a hundred and more keys a request.

How `:` compares texts is unknown (exact, without case, or contained) [guess], so every answer is compared again, and
what is not found is sought once more by `:~`, which is documented as "contains, whatever the case". A key that is in
the CRM under another spelling is therefore not created twice. Facts: api/crm-v2.md, sections 5 and 8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.writing.crew import Crew
from destination_rdstation_crm.writing.crm import BeyondReachError, Crm, Held
from rdstation.errors import NotFoundError
from rdstation.rdql import all_of, at_least
from rdstation.rdql import quote as literal

__all__ = ["LISTED_BY_ID", "Lookup"]

Body: TypeAlias = Mapping[str, Any]

LISTED_BY_ID: Final = frozenset({"deal"})  # the lists of contacts and organizations have no filter by id [doc]

_MOST_KEYS: Final = 150  # a page has 200 rows: most answers are one page, though a key may have several hits
_LONGEST_FILTER: Final = 6_000  # characters in the URL; servers take 8 KB for the whole request line
_MANY_PAGES: Final = 5  # more: some keys are short words, which many records contain


class Lookup:
    """Finds the records of one stream's object."""

    def __init__(self, crm: Crm, plan: StreamPlan, crew: Crew | None) -> None:
        self._crm = crm
        self._plan = plan
        self._map: Callable[..., list[list[Held]]] = crew.map if crew else lambda job, items: list(map(job, items))

    @staticmethod
    def alone(crm: Crm, plan: StreamPlan) -> Lookup:
        """For one of the crew's own jobs, which must not wait for another job of the crew."""
        return Lookup(crm, plan, None)

    def can_ask_for(self, body: Body) -> bool:
        """Whether the body's key fits into a request; one that does not is answered with an error of its own."""
        return len(quote(self._plan.lookup_filter([body]))) <= _LONGEST_FILTER

    def matches(self, bodies: Sequence[Body], since: datetime | None = None) -> list[list[Held] | None]:
        """The records that match each body's key; several where the key is not unique in the CRM.

        None where that cannot be told: the key is so short a word that too many records contain it. With `since`, only
        records created then or later, which have the very spelling of the row.
        """
        signs = [self._plan.match_values(body) for body in bodies]
        found = _Index(self._plan)
        asked = {sign: body for sign, body in zip(signs, bodies, strict=True) if sign and self.can_ask_for(body)}
        created = at_least("created_at", since) if since else ""

        def equal_or_like(portion: Sequence[Body]) -> str:
            return all_of(self._plan.lookup_filter(portion), created)

        self._find(list(asked.values()), equal_or_like, found)
        if not since:
            missing = [body for sign, body in asked.items() if found.of(sign) == []]
            self._find(missing, self._plan.contains_filter, found)
        return [found.of(sign) for sign in signs]

    def record(self, id_: str) -> list[Held]:
        """The record with this id, if there is one."""
        try:
            return [self._crm.read(self._plan.crm_object, id_)]
        except NotFoundError:
            return []

    def by_id(self, ids: Sequence[str]) -> dict[str, Held]:
        """The records with these ids, as far as the list can be asked for them."""
        asked = [list(portion) for portion in _portions(list(dict.fromkeys(ids)), _ids_filter)]
        found = self._map(self._with_ids, asked)
        return {record["id"]: record for records in found for record in records}

    def _find(self, bodies: Sequence[Body], filter_of: Callable[[Sequence[Body]], str], found: _Index) -> None:
        portions = list(_portions(list(bodies), filter_of))
        found.add_all(self._map(lambda portion: self._rows(portion, filter_of, found), portions))

    def _rows(self, bodies: Sequence[Body], filter_of: Callable[[Sequence[Body]], str], found: _Index) -> list[Held]:
        """What the filter for these bodies finds; in halves where that is much, down to a body alone."""
        pages = self._crm.find(self._plan.crm_object, filter_of(bodies))
        first = next(pages)
        if len(bodies) == 1 or (first.last or 0) <= _MANY_PAGES:
            try:
                return [*first.rows, *(row for page in pages for row in page.rows)]
            except BeyondReachError:
                if len(bodies) == 1:
                    found.give_up(self._plan.match_values(bodies[0]))
                    return []
        half = len(bodies) // 2
        return self._rows(bodies[:half], filter_of, found) + self._rows(bodies[half:], filter_of, found)

    def _with_ids(self, ids: Sequence[str]) -> list[Held]:
        return [row for page in self._crm.find(self._plan.crm_object, _ids_filter(ids)) for row in page.rows]


class _Index:
    """Records by each value that they can be matched by."""

    def __init__(self, plan: StreamPlan) -> None:
        self._plan = plan
        self._by_value: dict[str, dict[str, Held]] = {}
        self._given_up: set[frozenset[str]] = set()

    def add_all(self, answers: Sequence[Sequence[Held]]) -> None:
        for record in (record for answer in answers for record in answer):
            for value in self._plan.match_values(record):
                self._by_value.setdefault(value, {})[record["id"]] = record

    def give_up(self, sign: frozenset[str]) -> None:
        """It cannot be told which records share a value with the sign."""
        self._given_up.add(sign)

    def of(self, sign: frozenset[str]) -> list[Held] | None:
        """The records that share a value with the sign, each once; None where that cannot be told."""
        if sign in self._given_up:
            return None
        return list({id_: held for value in sign for id_, held in self._by_value.get(value, {}).items()}.values())


def _ids_filter(ids: Sequence[str]) -> str:
    return f"id:({','.join(map(literal, ids))})"


def _portions(items: list[Any], filter_of: Callable[[list[Any]], str]) -> Iterator[list[Any]]:
    """The items in portions, each of which makes a filter of bounded length."""
    portion: list[Any] = []
    length = 0
    for item in items:
        own = len(quote(filter_of([item])))
        if portion and (len(portion) == _MOST_KEYS or length + own > _LONGEST_FILTER):
            yield portion
            portion, length = [], 0
        portion.append(item)
        length += own
    if portion:
        yield portion
