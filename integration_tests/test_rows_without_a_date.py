"""Rows without a date, more than a page shows, wherever RD Station sorts them: none is lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness import V1, V2, AccountSize, Emulator, Run, Source, Version, account, often
from test_kill import read_with_kills
from test_probe import probe
from truth import differences

in_each_order = pytest.mark.parametrize("order", often(["low", "high", "first", "last"], long=("low", "high", "first")))
SIZE = AccountSize(contacts=1_300, deals=1_300, organizations=1_300, tasks=1_500)
SIZE_V1 = AccountSize(contacts=700, deals=1, organizations=700, tasks=1)
TWO_LISTS = AccountSize(contacts=3_600, deals=1, organizations=1, tasks=2_400)
BEYOND_WALL = AccountSize(contacts=1, deals=1, organizations=10_900, tasks=1)
LISTS = ("contacts", "deals", "organizations", "tasks")
UNDATED = "had no `updated_at` when everything was read"


def wrong(run: Run, crm: Emulator, *streams: str, api: Version = V2) -> dict[str, list[str]]:
    """Of which streams a few records differ from the truth, and how."""
    assert run.exit_code == 0, run.log
    return {stream: found[:3] for stream in streams if (found := differences(run, crm, stream, api))}


def without_a_change(crm: Emulator, stream: str, count: int) -> set[str]:
    """New records that have no `updated_at`; their ids."""
    return {crm.create(stream, {"updated_at": None})[0]["id"] for _ in range(count)}


def incomplete(run: Run) -> set[str]:
    """The streams that a warning says a full refresh is needed for."""
    return {line.partition(":")[0].split()[-1] for line in run.log_lines("WARN") if UNDATED in line}


@in_each_order
@pytest.mark.parametrize("deals", [1_300, pytest.param(2_600, marks=pytest.mark.long)])
def test_given_rows_without_a_change_when_all_are_read_then_every_one_comes(order: str, deals: int) -> None:
    size = AccountSize(contacts=1_300, deals=deals, organizations=1_300, tasks=1_500)
    with account(size, null_updated_at=3, nulls_sort=order) as crm:
        run = Source(crm).read(*LISTS, "deal_notes")

        assert wrong(run, crm, *LISTS, "deal_notes") == {}
        assert incomplete(run) == set()


@in_each_order
def test_given_rows_without_a_creation_when_all_are_read_then_every_one_comes(order: str) -> None:
    with account(SIZE, null_created_at=3, nulls_sort=order) as crm:
        streams = (*LISTS, "deal_notes", "campaigns", "lost_reasons")

        assert wrong(Source(crm).read(*streams), crm, *streams) == {}


@in_each_order
@pytest.mark.parametrize("nulls", ["null_created_at", "null_updated_at"])
def test_given_rows_without_a_date_and_kills_when_resumed_then_the_union_is_complete(order: str, nulls: str) -> None:
    settings: dict[str, Any] = {nulls: 3, "nulls_sort": order}
    with account(TWO_LISTS, **settings) as crm:
        committed = read_with_kills(crm, V2, ("contacts", "tasks"), kills=4, seed=7)

        assert {stream: len(crm.ids(stream) - ids) for stream, ids in committed.items() if crm.ids(stream) - ids} == {}


@in_each_order
def test_given_rows_without_a_creation_beyond_the_wall_when_read_then_their_number_is_told(order: str) -> None:
    with account(BEYOND_WALL, null_created_at=20, nulls_sort=order) as crm:
        run = Source(crm).read("organizations")

        assert run.exit_code == 0, run.log
        missing = crm.ids("organizations") - run.ids("organizations")
        if order == "last":
            assert {row["created_at"] for row in crm.truth("organizations") if row["id"] in missing} == {None}
            (line,) = run.log_lines("WARN")
            assert "lists at least 10,801 records and showed 10,355" in line
        else:
            assert missing == set()


@in_each_order
def test_given_tasks_without_a_due_date_beyond_a_wall_when_read_then_they_come_or_it_is_told(order: str) -> None:
    walled = ["contacts", "deals", "organizations", "tasks"]
    size = AccountSize(contacts=1, deals=1, organizations=1, tasks=11_600)
    with account(size, walled_lists=walled, nulls_sort=order, last_links="capped") as crm:
        run = Source(crm).read("tasks")

        assert run.exit_code == 0, run.log
        missing = crm.ids("tasks") - run.ids("tasks")
        assert {task["due_date"] for task in crm.truth("tasks") if task["id"] in missing} <= {None}
        assert bool(missing) == (order == "last")
        assert ["by `due_date` it does not show" in line for line in run.log_lines("WARN")] == [True] * bool(missing)


@in_each_order
def test_given_new_rows_without_a_change_when_read_again_then_they_come_or_a_full_refresh_is_asked_for(
    order: str,
) -> None:
    with account(SIZE, null_updated_at=3, nulls_sort=order, child_touches_deal=False) as crm:
        source = Source(crm)
        first = source.read(*LISTS, "deal_notes")
        crm.settings(null_updated_at=0)  # the rows of before have a date now, by which no new one is mistaken for them
        new = {stream: without_a_change(crm, stream, 3) for stream in LISTS}
        for deal in new["deals"]:
            crm.create("deal_notes", {"description": "Ligar"}, parent=deal)

        again = source.read(*LISTS, "deal_notes", state=first.states)

        assert again.exit_code == 0, again.log
        shown = order in ("high", "first")  # among the newest, where tasks are read from in each sync
        assert incomplete(again) == {"contacts", "deals", "organizations", "deal_notes"} | (
            set() if shown else {"tasks"}
        )
        readable = [stream for stream in LISTS if stream != "tasks" or shown]
        assert [stream for stream in readable if new[stream] - again.ids(stream)] == []
        assert {note["deal_id"] for note in again.records("deal_notes")} >= new["deals"]


@in_each_order
@pytest.mark.parametrize("spread", [True, False], ids=["in-one-second", "at-one-moment"])
def test_given_rows_without_a_creation_that_change_at_once_when_read_again_then_all_come(
    order: str, spread: bool
) -> None:
    with account(SIZE, null_created_at=2, nulls_sort=order) as crm:
        source = Source(crm)
        streams = ("contacts", "deals", "organizations")
        first = source.read(*streams)
        edited = {stream: set(crm.bulk_edit(stream, count=1_100, spread=spread)) for stream in streams}

        again = source.read(*streams, state=first.states)

        assert again.exit_code == 0, again.log
        assert {stream: len(ids - again.ids(stream)) for stream, ids in edited.items()} == dict.fromkeys(streams, 0)


@in_each_order
def test_given_deals_of_v1_without_a_creation_when_read_then_their_number_is_told(order: str) -> None:
    with account(AccountSize(contacts=1, deals=5_000, organizations=1, tasks=1), nulls_sort=order) as crm:
        undated = sorted(crm.ids("deals"))[:450]
        for id_ in undated:
            crm.edit("deals", id_, created_at=None)

        run = Source(crm, V1).read("deals")

        assert run.exit_code == 0, run.log
        missing = V1.ids(crm, "deals") - run.ids("deals")
        assert missing <= set(undated)
        told = [line for line in run.log_lines("WARN") if f"showed {5_000 - len(missing):,} of them" in line]
        assert ["have no `created_at`" in line for line in told] == [True] * bool(missing)


@in_each_order
def test_given_rows_of_v1_without_a_change_when_read_twice_then_they_come_or_a_full_refresh_is_asked_for(
    order: str,
) -> None:
    with account(SIZE_V1, nulls_sort=order) as crm:
        for stream in ("contacts", "organizations"):
            for id_ in sorted(crm.ids(stream))[:450]:
                crm.edit(stream, id_, updated_at=None)
        source = Source(crm, V1)

        first = source.read("contacts", "companies")
        assert wrong(first, crm, "contacts", "companies", api=V1) == {}
        new = without_a_change(crm, "contacts", 3)
        crm.delete("contacts", next(row["id"] for row in crm.truth("contacts") if row["updated_at"] is None))
        again = source.read("contacts", "companies", state=first.states)

        assert again.exit_code == 0, again.log
        assert new - again.ids("contacts") == set()
        shown = order in ("high", "first")  # at the front of the newest, in each sync
        assert incomplete(again) == (set() if shown else {"contacts", "companies"})


@in_each_order
@pytest.mark.parametrize("date", ["created_at", "updated_at"])
def test_given_rows_of_v1_without_a_date_and_kills_when_resumed_then_the_union_is_complete(
    date: str, order: str
) -> None:
    with account(AccountSize(contacts=2_600, deals=1, organizations=1, tasks=1), nulls_sort=order) as crm:
        for id_ in sorted(crm.ids("contacts"))[:450]:
            crm.edit("contacts", id_, **{date: None})

        committed = read_with_kills(crm, V1, ("contacts",), kills=4, seed=7)

        assert len(V1.ids(crm, "contacts") - committed["contacts"]) == 0


@in_each_order
def test_given_an_order_of_rows_without_a_date_when_probed_then_it_is_told(tmp_path: Path, order: str) -> None:
    with account(AccountSize(contacts=30, deals=60, organizations=30), nulls_sort=order) as crm:
        crm.edit("contacts", sorted(crm.ids("contacts"))[0], created_at=None, updated_at=None)

        of_v2 = probe(crm, V2, tmp_path).seen("32", "38", "38 created", "38 negated")
        of_v1 = probe(crm, V1, tmp_path).seen("22")

    assert of_v2 == {"32": "some", "38": order, "38 created": "some", "38 negated": "finds them"}
    assert of_v1 == {"22": "some"}
