"""A CRM without HTTP, and rows and records for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, cast

from planned import plan_for

from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.pagination.listing import PaginationError
from destination_rdstation_crm.mapping.plan import Prepared, StreamPlan
from destination_rdstation_crm.mapping.record_type import Key
from destination_rdstation_crm.row import Row
from destination_rdstation_crm.writing.crm_api import Crm
from destination_rdstation_crm.writing.filters import KnownFilters
from destination_rdstation_crm.writing.lookup import Lookup

BEGAN = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)
COLUMNS = ("name", "email", "phone", "job_title")


def plan(sync: str = "append_dedup", key: str | None = "email") -> StreamPlan:
    return plan_for("contacts", *COLUMNS, sync=sync, key=key)


def row(number: int) -> Row:
    return Row(("people", None), number, {})


def prepared(number: int, name: str = "Ana", email: str | None = None, id_: str | None = None) -> Prepared:
    body: dict[str, Any] = {"name": name} | ({"emails": [{"email": email}]} if email else {})
    return Prepared(row(number), id_, Key((email,) if email else ()), body)


@dataclass
class FakeCrm:
    """Answers each filter with the records whose e-mails or names occur in it."""

    records: Sequence[Mapping[str, Any]] = ()
    filters: list[str] = field(default_factory=list)
    in_too_many: str = ""
    """A text that more records contain than page numbers reach."""
    known: KnownFilters = field(default_factory=lambda: KnownFilters("contacts", "email"))

    def known_filters(self, *_of: object) -> KnownFilters:
        """Nothing yet."""
        return self.known

    def find(self, _crm_object: object, filter_: str, _obeys: object) -> Iterator[Page]:
        self.filters.append(filter_)
        hits = [dict(each) for each in self.records if any(text in filter_ for text in self._texts(each))]
        yield Page(hits, has_next=More.NO, last=1)
        if self.in_too_many and f':~"{self.in_too_many}"' in filter_:
            raise PaginationError

    @staticmethod
    def _texts(record: Mapping[str, Any]) -> list[str]:
        return [f'"{each["email"]}"' for each in record.get("emails", ())] + [f'"{record["name"]}"']


def lookup(crm: FakeCrm, of: StreamPlan) -> Lookup:
    return Lookup(cast(Crm, crm), of, of.key_field)


def contact(id_: str, email: str = "", name: str = "Ana", **more: Any) -> dict[str, Any]:
    return {"id": id_, "name": name, "emails": [{"email": email}] if email else [], **more}
