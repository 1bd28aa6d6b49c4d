"""The records of one object as one key names them: what a filter finds, all of them, and which filters are obeyed.

What is learnt of a kind of filter lies in `KnownFilters`; the questions by which it is learnt are here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from functools import partial
from itertools import islice
from typing import Final

from airbyte_rdstation.client.responses import Page
from airbyte_rdstation.pagination.listing import PaginationError
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.mapping.record_type import Key
from destination_rdstation_crm.objects.crm_object import ID_FIELD
from destination_rdstation_crm.objects.values import fold
from destination_rdstation_crm.writing.crm_api import SERVER_TIME_MARGIN, Crm, Existing, FilterFailedError
from destination_rdstation_crm.writing.filters import FEW_RECORDS, FilterKind, WholeIndex, lookup_filter

__all__ = ["KeyedRecords"]

_SOME: Final = 200  # records among which one should have a key

_logger = logging.getLogger("airbyte.rdstation")


class KeyedRecords:
    """The records that the rows of a stream are looked up among, by `key_field`."""

    def __init__(self, crm: Crm, plan: StreamPlan, key_field: str | None) -> None:
        self._crm = crm
        self._plan = plan
        self._object = plan.record_type.crm_object
        self.key_field = key_field or ID_FIELD
        self.form = plan.record_type.by_name[self.key_field].form
        self.identity: Callable[[Existing], Key] = partial(plan.record_type.identity, self.key_field)
        """Reads the key out of a record."""

    def found(self, filter_: str, keys: Iterable[Key]) -> Iterator[Page]:
        """Read what a filter for the keys finds; raises as `Crm.find` does."""
        wanted = {value for key in keys for value in key.folded}
        groups = {tuple(map(fold, group)) for key in keys for group in key.parts}

        def obeys(record: Existing) -> bool:
            """Whether it has a key that was asked for, or one that contains its part."""
            held = self.identity(record)
            return not wanted.isdisjoint(held.folded) or any(
                all(part in text for part in group) for text in map(fold, held.texts) for group in groups
            )

        return self._crm.find(self._object, filter_, obeys)

    def read(self, created_since: datetime | None = None) -> Iterator[Existing]:
        """Read all of them, or those created since."""
        return self._crm.all(self._object, created_since)

    def recent(self, moment: datetime) -> Iterator[Existing]:
        """Read what was created after an index was made."""
        return self._crm.recent(self._object, moment)

    def current(self, record: Existing) -> Iterator[Existing]:
        """Give a record of an index as it is now, if it is still there."""
        return self._crm.current(self._object, record)

    def make_index(self) -> WholeIndex:
        """Read all of them, and index them by the key."""
        return self._indexed(self._now(), self.read())

    def make_index_if_few(self) -> WholeIndex | None:
        """Do the same if they are few; None where they are not."""
        if not self._crm.may_hold(self._object, FEW_RECORDS):
            return None
        begun = self._now()
        read = list(islice(self.read(), FEW_RECORDS + 1))
        return None if len(read) > FEW_RECORDS else self._indexed(begun, read)

    def finds_by_second_key(self) -> bool:
        """Whether a list finds a record that the CRM surely has by another key than its first."""
        return self._finds_one("list", Key(self.form.control_values[:1], self.form))

    def finds_by_part(self) -> bool:
        """Whether a part finds a record that the CRM surely has."""
        return self._finds_one("parts")

    def takes(self, kind: FilterKind) -> bool:
        """Whether RD Station takes a filter of the kind for keys that are surely not at fault."""
        values = self.form.control_values
        keys = [Key(values[:1] if kind == "single" else values, self.form)]
        try:
            next(self.found(lookup_filter(kind, self.key_field, keys), keys), None)
        except FilterFailedError:
            return False
        return True

    def _finds_one(self, kind: FilterKind, *others: Key) -> bool:
        """Whether a filter for some record's key, behind those of others, finds that record."""
        for record in islice(self.read(), _SOME):
            if (key := self.identity(record)).folded:
                try:
                    pages = self.found(lookup_filter(kind, self.key_field, [*others, key]), [key])
                    return any(row["id"] == record["id"] for page in pages for row in page.rows)
                except (PaginationError, FilterFailedError):
                    return False
        return False

    def _now(self) -> datetime:
        return self._crm.server_time(datetime.now(timezone.utc)) - SERVER_TIME_MARGIN

    def _indexed(self, begun: datetime, records: Iterable[Existing]) -> WholeIndex:
        whole = WholeIndex(records, self.identity, begun)
        _logger.info("%s: all %s records were read to look rows up.", self._plan.label, f"{len(whole):,}")
        if len(whole) and not whole.has_keys and not self._plan.record_type.by_name[self.key_field].shown:
            raise self._plan.unseen_key()
        return whole
