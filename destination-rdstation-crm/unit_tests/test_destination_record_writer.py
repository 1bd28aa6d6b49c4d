"""One record's write: what becomes of its rows when the record is gone, or needs two writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import pytest
from fake_crm import FakeCrm, contact, plan, prepared, row

from airbyte_rdstation.client.errors import NotFoundError
from destination_rdstation_crm.mapping.plan import Prepared
from destination_rdstation_crm.mapping.record_type import Key
from destination_rdstation_crm.row import BatchResult, Reject, Written
from destination_rdstation_crm.writing.crm_api import Crm
from destination_rdstation_crm.writing.record_writer import RecordWriter, Target


class Gone(FakeCrm):
    """A record that the look-up still brings, and that is no more."""

    created: tuple[Mapping[str, Any], ...] = ()

    def server_time(self, local: datetime) -> datetime:
        return local

    def read(self, _: object, id_: str) -> dict[str, Any]:
        if id_ == "x1":
            raise NotFoundError("", "", None)
        return contact(id_, "ana@people.test")

    def update(self, _: object, id_: str, __: object) -> dict[str, Any]:
        return self.read(_, id_)

    def create(self, _: object, body: Mapping[str, Any]) -> dict[str, Any]:
        self.created = (*self.created, body)
        return {"id": "x2", **body}


@pytest.mark.parametrize(
    ("sync", "id_", "outcome"),
    [
        pytest.param("append_dedup", None, "created", id="upsert"),
        pytest.param("append_dedup", "x1", "RD Station has no record with this _id (404)", id="by-id"),
        pytest.param("update", None, "the record that has its matching key was deleted meanwhile (404)", id="update"),
    ],
)
def test_given_a_record_that_is_deleted_after_its_look_up_when_written_then_its_row_fares_as_if_none_had_matched(
    sync: str, id_: str | None, outcome: str
) -> None:
    of, crm = plan(sync), Gone()
    one = prepared(1, name="Ana Nova", email="ana@people.test", id_=id_)
    writer = RecordWriter(of, cast(Crm, crm), {}, skip_unchanged=True, dry_run=False)
    result = BatchResult([one.row], go_on=True)

    writer.write(Target([one], "x1", contact("x1", "ana@people.test")), result)

    (found,) = result.outcomes
    assert (found.reason if isinstance(found, Reject) else found.action) == outcome
    assert len(crm.created) == (outcome == "created")


def test_given_a_record_that_is_deleted_when_its_rows_need_two_writes_then_it_is_created_once() -> None:
    of, crm = plan(), Gone()
    emptied = Prepared(row(1), None, Key(("ana@people.test",)), {"name": "Ana", "phones": []})
    filled = Prepared(row(2), None, Key(("ana@people.test",)), {"phones": [{"phone": "1", "type": "mobile"}]})
    writer = RecordWriter(of, cast(Crm, crm), {}, skip_unchanged=False, dry_run=False)

    writer.write(Target([emptied, filled], "x1"), BatchResult([emptied.row, filled.row], go_on=True))

    assert [body["name"] for body in crm.created] == ["Ana"]


def test_given_rows_of_an_id_that_no_record_has_when_refused_then_none_goes_to_a_record_of_its_key() -> None:
    of, crm = plan(), Gone()
    rows = [prepared(number, email=f"{number}@people.test", id_="x1") for number in (1, 2)]
    created = {"1@people.test": "x2"}
    writer = RecordWriter(of, cast(Crm, crm), created, skip_unchanged=True, dry_run=False)
    result = BatchResult([each.row for each in rows], go_on=True)

    writer.write(Target(rows, "x1"), result)

    assert [isinstance(outcome, Reject) for outcome in result.outcomes] == [True, True]


class Kept(FakeCrm):
    """A record that takes updates."""

    def server_time(self, local: datetime) -> datetime:
        return local

    def read(self, *_: object) -> dict[str, Any]:
        return contact("x1", "ana@people.test")

    def update(self, *_: object) -> dict[str, Any]:
        return contact("x1", "ana@people.test")


def test_given_a_lost_creation_that_is_found_when_its_rows_need_two_writes_then_it_is_still_called_created() -> None:
    of, crm = plan(), Kept()
    emptied = Prepared(row(1), None, Key(("ana@people.test",)), {"phones": []})
    filled = Prepared(row(2), None, Key(("ana@people.test",)), {"phones": [{"phone": "1", "type": "mobile"}]})
    writer = RecordWriter(of, cast(Crm, crm), {}, skip_unchanged=False, dry_run=False)
    result = BatchResult([emptied.row, filled.row], go_on=True)

    writer.write(Target([emptied, filled], "x1", recovered=True), result)

    assert [each.action for each in result.outcomes if isinstance(each, Written)] == ["created", "created"]
