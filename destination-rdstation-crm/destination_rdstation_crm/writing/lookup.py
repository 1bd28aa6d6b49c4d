"""Matches in bulk: which records carry the matching keys of many rows, a hundred and more keys a request.

How `:` compares texts is unknown (exact, without case, or contained) [guess], so every answer is compared again, and
what is not found is sought once more by `:~`, which means "contains, whatever the case" where it is documented. A key
that is in the CRM under another spelling is therefore not created twice.

Where RD Station refuses or ignores a form of filter, the next one serves: a list of keys, one key a request, one pass
over the whole object, indexed in memory. A key that is refused while others are served is that row's fault alone.
Facts: docs/api/crm-v2.md#rdql and #writes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import islice
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from airbyte_rdstation.client.errors import NotFoundError, RequestRefusedError
from airbyte_rdstation.client.rdql import all_of, at_least
from airbyte_rdstation.client.rdql import quote as literal
from destination_rdstation_crm.mapping.plan import Body, StreamPlan
from destination_rdstation_crm.writing.crm_api import BeyondReachError, Crm, FilterFailedError, Held
from destination_rdstation_crm.writing.index import Hits, Index, Untold, WholeIndex
from destination_rdstation_crm.writing.known_forms import Form, KnownForms
from destination_rdstation_crm.writing.worker_pool import WorkerPool

__all__ = ["Lookup"]


_MOST_KEYS: Final = 150  # a page has 200 rows: most answers are one page, though a key may have several hits
_LONGEST_FILTER: Final = 6_000  # characters in the URL; servers take 8 KB for the whole request line
_SOME: Final = 200  # records among which one should have a key
_MANY_PAGES: Final = 5  # more: some keys are short words, which many records contain
_CLOCK_DOUBT: Final = timedelta(seconds=5)  # the server's clock is known by whole seconds, from one answer
_TOO_MANY: Final = "too many records contain its matching key to tell whether one has it"
_REFUSED: Final = "RD Station refuses to look its matching key up"

FilterOf: TypeAlias = "Callable[[Sequence[Any]], str]"

_BY_ID: Final[dict[Form, FilterOf]] = {
    "ids": lambda ids: f"id:({','.join(map(literal, ids))})",  # [guess]
    "bare ids": lambda ids: f"id:({','.join(ids)})",  # [used]
}

_logger = logging.getLogger("airbyte.rdstation")


class Lookup:
    """Finds the records of one stream's object."""

    def __init__(self, crm: Crm, plan: StreamPlan, pool: WorkerPool | None) -> None:
        self._crm = crm
        self._plan = plan
        self._known: KnownForms[WholeIndex] = crm.known_forms(plan.crm_object, plan.key_field)
        self._map: Callable[..., list[Any]] = pool.map if pool else lambda job, items: list(map(job, items))

    @staticmethod
    def alone(crm: Crm, plan: StreamPlan) -> Lookup:
        """For one of the pool's own jobs, which must not wait for another job of the pool."""
        return Lookup(crm, plan, None)

    def can_ask_for(self, body: Body) -> bool:
        """Whether the body's key fits into a request; one that does not is answered with an error of its own."""
        return len(quote(self._plan.lookup_filter([body]))) <= _LONGEST_FILTER

    def matches(
        self, bodies: Sequence[Body], since: datetime | None = None, as_spelled: Sequence[Body] = ()
    ) -> list[Hits]:
        """The records that match each body's key; several where the key is not unique in the CRM.

        A reason where that cannot be told. With `since`, only records created then or later, which have the very
        spelling of the row. What is not found is sought once more as the rows spell it (`as_spelled`).
        """
        signs = [self._plan.match_values(body) for body in bodies]
        asked = {sign: body for sign, body in zip(signs, bodies, strict=True) if sign and self.can_ask_for(body)}
        search = _Search(self._crm, self._plan, self._known, self._map, since)
        search.equal(list(asked.values()))
        if not since:
            search.similar([body for sign, body in asked.items() if search.found.of(sign) == []])
            spelled = [body for body in as_spelled if self.can_ask_for(body)]
            search.equal([body for body in spelled if search.found.of(self._plan.match_values(body)) == []])
        return [search.found.of(sign) for sign in signs]

    def record(self, id_: str) -> Hits:
        """The record with this id, if there is one."""
        try:
            return [self._crm.read(self._plan.crm_object, id_)]
        except NotFoundError:
            return []
        except RequestRefusedError:
            return Untold(_REFUSED)

    def by_id(self, ids: Sequence[str]) -> dict[str, Held]:
        """The records with these ids, as far as the list can be asked for them."""
        wanted = list(dict.fromkeys(ids))
        for form, filter_of in _BY_ID.items():
            if not self._known.is_left(form):
                portions = list(_portions(wanted, filter_of))
                try:
                    answers = self._map(partial(self._with_ids, filter_of), portions)
                except FilterFailedError as error:
                    self._known.leave(form, str(error))
                else:
                    return {record["id"]: record for records in answers for record in records}
        return {}

    def _with_ids(self, filter_of: FilterOf, ids: Sequence[str]) -> list[Held]:
        asked = set(ids)
        pages = self._crm.find(self._plan.crm_object, filter_of(ids), lambda row: row["id"] in asked)
        return [row for page in pages for row in page.rows]


class _Search:
    """One look-up of many bodies, down the ladder of forms."""

    def __init__(
        self,
        crm: Crm,
        plan: StreamPlan,
        known: KnownForms[WholeIndex],
        map_: Callable[..., list[Any]],
        since: datetime | None,
    ) -> None:
        self.found = Index(plan)
        self._crm = crm
        self._plan = plan
        self._known = known
        self._map = map_
        self._since = since
        self._created = at_least("created_at", since) if since else ""

    def equal(self, bodies: Sequence[Body]) -> None:
        """Finds the records that have the bodies' keys."""
        self._singly(self._by_list("list", bodies, self._lists))

    def similar(self, bodies: Sequence[Body]) -> None:
        """Finds those that spell a key with other capitals. Where that does not serve, they stay unfound."""
        if self._known.is_left("list") and self._known.is_left("single"):
            return  # they were sought in the index, which heeds no capitals
        self._by_list("contains", bodies, self._plan.contains_filter)
        if self._known.is_left("contains") and not self._known.shows_that_it_heeds_all_keys(self._finds_by_second_key):
            self._known.leave("list", "seems to heed only the first of")
            self._singly([body for body in bodies if self.found.of(self._plan.match_values(body)) == []])

    def _singly(self, bodies: Sequence[Body]) -> None:
        """What no list of keys answers: one key a request, or where that does not serve, among all records."""
        left = self._by_key(bodies)
        if left:
            self._in_all(left)

    def _lists(self, bodies: Sequence[Body]) -> str:
        return all_of(self._plan.lookup_filter(bodies), self._created)

    def _by_list(self, form: Form, bodies: Sequence[Body], filter_of: FilterOf) -> list[Body]:
        """Asks for many in one request; those that this form gives no answer for."""
        if self._known.is_left(form):
            return list(bodies)
        portions = list(_portions(list(bodies), filter_of))
        return [body for left in self._map(lambda some: self._ask(form, some, filter_of), portions) for body in left]

    def _ask(self, form: Form, bodies: Sequence[Body], filter_of: FilterOf) -> list[Body]:
        """What the filter for these bodies finds, in halves where that is much or refused, down to a body alone."""
        try:
            pages = self._crm.find(self._plan.crm_object, filter_of(bodies), self._obeys(bodies))
            first = next(pages)
            if len(bodies) == 1 or (first.last or 0) <= _MANY_PAGES:
                rows = [*first.rows, *(row for page in pages for row in page.rows)]
                self.found.add(rows)
                if len(bodies) > 1:
                    self._known.served(form)
                if form == "list" and not self._known.heeds_all_keys:
                    others = frozenset().union(*map(self._plan.match_values, bodies[1:]))
                    self._known.heeds_all_keys = any(others & self._plan.match_values(row) for row in rows)
                return []
        except BeyondReachError:
            if len(bodies) == 1:
                self.found.give_up(self._plan.match_values(bodies[0]), _TOO_MANY)
                return []
        except FilterFailedError as error:
            if error.ignored or not self._known.serves(form, lambda: self._control(form)):
                self._known.leave(form, str(error))
            if self._known.is_left(form) or len(bodies) == 1:
                return list(bodies)
        half = len(bodies) // 2
        return self._ask(form, bodies[:half], filter_of) + self._ask(form, bodies[half:], filter_of)

    def _by_key(self, bodies: Sequence[Body]) -> list[Body]:
        """One request for each spelling of each key; those left if RD Station takes no such request."""
        if bodies and not self._known.serves("single", lambda: self._control("single")):
            self._known.leave("single", "refuses or ignores look-ups by")
        if not bodies or self._known.is_left("single"):
            return list(bodies)
        return [body for left in self._map(self._ask_for_one, list(bodies)) for body in left]

    def _ask_for_one(self, body: Body) -> list[Body]:
        sign = self._plan.match_values(body)
        try:
            for filter_ in self._plan.single_filters(body):
                pages = self._crm.find(self._plan.crm_object, all_of(filter_, self._created), self._obeys([body]))
                self.found.add([row for page in pages for row in page.rows])
        except BeyondReachError:
            self.found.give_up(sign, _TOO_MANY)
        except FilterFailedError as error:
            if error.ignored:
                self._known.leave("single", str(error))
                return [body]
            self.found.give_up(sign, _REFUSED)
        return []

    def _in_all(self, bodies: Sequence[Body]) -> None:
        """Looks among all records, read once a sync; or among those created since."""
        if self._since:
            self.found.add(self._crm.all(self._plan.crm_object, self._since))
            return
        whole = self._known.index(self._read_all)
        # Also what was created since: a creation of ours whose answer was lost must not be repeated.
        self.found.add(self._crm.all(self._plan.crm_object, whole.begun))
        for body in bodies:
            self.found.add(whole.with_sign(self._plan.match_values(body)))

    def _read_all(self) -> WholeIndex:
        begun = self._crm.server_time(datetime.now(timezone.utc)) - _CLOCK_DOUBT
        whole = WholeIndex(self._plan, self._crm.all(self._plan.crm_object, None), begun)
        _logger.info("%s: all %s records were read to look rows up.", self._plan.label, f"{len(whole):,}")
        return whole

    def _obeys(self, bodies: Sequence[Body]) -> Callable[[Held], bool]:
        """Whether a record may be an answer: it has a key that was asked for, or one that contains it."""
        signs = frozenset().union(*map(self._plan.match_values, bodies))

        def obeys(record: Held) -> bool:
            values = self._plan.match_values(record)
            return not signs.isdisjoint(values) or any(sign in value for sign in signs for value in values)

        return obeys

    def _finds_by_second_key(self) -> bool:
        """Whether a list finds a record that the CRM surely has by another key than its first."""
        for record in islice(self._crm.all(self._plan.crm_object, None), _SOME):
            if filter_ := self._plan.second_key_filter(record):
                try:
                    pages = self._crm.find(self._plan.crm_object, filter_, self._obeys([record]))
                    return any(row["id"] == record["id"] for row in next(pages).rows)
                except FilterFailedError:
                    return False
        return False

    def _control(self, form: Form) -> bool:
        """Whether RD Station takes the form with keys that are surely not at fault."""
        try:
            for page in self._crm.find(self._plan.crm_object, self._plan.control_filter(form), lambda _: False):
                return not page.rows
        except FilterFailedError:
            return False
        return True


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
