"""The second sync, the start date, and what states may say: never more than what is surely read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest

from harness import STREAMS, AccountSize, Emulator, Message, Run, Source, SyncMode, account, state_stream
from truth import canonical

WITH_CURSOR = tuple(name for name, cursor in STREAMS.items() if cursor)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
START_DATE = "2026-06-01T00:00:00Z"
LISTS_OF_OTHER_STREAMS = {"deals": 3, "pipelines": 2}  # for deals, notes and products; for pipelines and stages


@dataclass
class Synced:
    """An account that was read once."""

    crm: Emulator
    source: Source
    first: Run

    def state(self, *streams: str) -> list[Message]:
        return [state for state in self.first.states if state["stream"]["stream_descriptor"]["name"] in streams]

    def asked(self) -> Counter[str]:
        return Counter(request["path"].removeprefix("/crm/v2") for request in self.crm.requests())


@pytest.fixture(scope="module")
def synced() -> Iterator[Synced]:
    with account(AccountSize(deals=450, contacts=450, tasks=450)) as crm:
        source = Source(crm)
        yield Synced(crm, source, source.read())


def test_given_no_change_when_read_again_then_one_request_a_list_and_none_for_children(synced: Synced) -> None:
    synced.crm.clear_requests()

    second = synced.source.read(state=synced.first.states)

    assert second.exit_code == 0, second.log
    asked = synced.asked()
    lists = {path: count for path, count in asked.items() if path.count("/") == 1}
    assert {path for path, count in lists.items() if count > LISTS_OF_OTHER_STREAMS.get(path[1:], 1)} == set()
    children = {path for path in asked if re.fullmatch(r"/deals/\w+/(notes|products)", path)}
    assert children == set()
    assert second.records("deal_notes") == second.records("deal_products") == []
    for stream in WITH_CURSOR:
        assert second.states_of(stream)[-1] == synced.first.states_of(stream)[-1]


@pytest.mark.parametrize("stream", WITH_CURSOR)
def test_given_no_change_when_one_stream_is_read_again_then_one_request(synced: Synced, stream: str) -> None:
    synced.crm.clear_requests()

    synced.source.read(stream, state=synced.state(stream))

    assert len(synced.crm.requests()) == 1


def test_given_one_edited_deal_when_read_again_then_exactly_its_children_are_visited() -> None:
    with account(AccountSize(deals=60)) as crm:
        source = Source(crm)
        streams = ("deals", "deal_notes", "deal_products")
        first = source.read(*streams)
        notes, lines = crm.truth("deal_notes"), crm.truth("deal_products")
        deal_id = sorted(notes.keys() & lines.keys())[0]
        crm.edit("deals", deal_id, name="Outro nome")
        crm.clear_requests()

        second = source.read(*streams, state=first.states)

        visited = [request["path"] for request in crm.requests() if request["path"].count("/") > 3]
        assert sorted(visited) == [f"/crm/v2/deals/{deal_id}/notes", f"/crm/v2/deals/{deal_id}/products"]
        assert second.ids("deal_notes") == {note["id"] for note in notes[deal_id]}
        assert second.ids("deal_products") == {line["id"] for line in lines[deal_id]}
        assert [deal["name"] for deal in second.records("deals") if deal["id"] == deal_id] == ["Outro nome"]
        (edited,) = [deal for deal in crm.truth("deals") if deal["id"] == deal_id]
        for child in second.records("deal_notes") + second.records("deal_products"):
            assert (child["deal_id"], child["deal_updated_at"]) == (deal_id, edited["updated_at"])


def test_given_new_and_edited_rows_when_read_again_then_they_come(synced: Synced) -> None:
    new = {stream: synced.crm.create(stream, count=1)[0]["id"] for stream in ("contacts", "deals", "tasks")}
    old = {stream: sorted(synced.crm.ids(stream))[0] for stream in new}
    for stream, id_ in old.items():
        synced.crm.edit(stream, id_)

    second = synced.source.read(*new, state=synced.first.states)

    for stream in new:
        assert {new[stream], old[stream]} <= second.ids(stream)


def by_cursor(crm: Emulator, stream: str) -> dict[str, str]:
    """The cursor of each record of the stream by id."""
    if STREAMS[stream] == "updated_at":
        return {row["id"]: row["updated_at"] for row in crm.truth(stream)}
    deals = by_cursor(crm, "deals")
    return {child["id"]: deals[deal] for deal, below in crm.truth(stream).items() for child in below}


@pytest.mark.parametrize("sync_mode", ["incremental", "full_refresh"])
def test_given_a_start_date_when_read_then_it_bounds_the_streams_with_a_cursor(sync_mode: SyncMode) -> None:
    with account() as crm:
        run = Source(crm, start_date=START_DATE).read(sync_mode=sync_mode)

        assert run.exit_code == 0, run.log
        for stream, cursor in STREAMS.items():
            if cursor:
                expected = {id_ for id_, moment in by_cursor(crm, stream).items() if moment >= canonical(START_DATE)}
                assert 0 < len(expected) < len(crm.ids(stream))
                assert run.ids(stream) == expected
            elif stream != "teams":
                assert run.ids(stream) == crm.ids(stream)


def test_given_a_first_sync_when_done_then_cursors_say_how_far_it_read(synced: Synced) -> None:
    for stream, cursor in STREAMS.items():
        states = synced.first.states_of(stream)
        if cursor:
            moments = [state[cursor] for state in states if cursor in state]
            assert moments == sorted(moments)
            assert all(INSTANT.fullmatch(moment) for moment in moments)
            assert "walk" not in states[-1]
            read = max(record[cursor] for record in synced.first.records(stream))
            # Deals without notes were visited, too: the cursor of notes is that of the last deal.
            last = max(deal["updated_at"] for deal in synced.crm.truth("deals")) if cursor != "updated_at" else read
            assert read <= moments[-1] <= last


def kill_after_states(stream: str, count: int) -> Any:
    """Kill once the stream's n-th STATE has arrived."""
    seen = 0

    def when(line: Any) -> bool:
        nonlocal seen
        if line.text.startswith(b'{"type":"STATE"') and state_stream(line.message) == stream:
            seen += 1
        return seen >= count

    return when


@pytest.mark.parametrize("start_date", [None, START_DATE], ids=["no-start-date", "start-date"])
@pytest.mark.parametrize("stream", ["contacts", "tasks"])
def test_given_a_walk_under_way_when_killed_and_resumed_then_the_cursor_moves_at_the_end_and_not_beyond_the_start(
    stream: str, start_date: str | None
) -> None:
    size = AccountSize(**{"contacts": 1, "tasks": 1, stream: 20_000})
    with account(size) as crm:
        source = Source(crm, **({"start_date": start_date} if start_date else {}))

        first = source.read(stream, kill_when=kill_after_states(stream, 2))

        begun = crm.requests()[0]["arrived_at"]
        cursors = {state.get("updated_at") for state in first.states_of(stream)}
        assert cursors == {canonical(start_date) if start_date else None}
        assert all("walk" in state for state in first.states_of(stream))
        # What the killed walk had read changes before the resumed one: only a third sync can bring it.
        edited = sorted(first.committed_ids(stream))[0]
        new_time = crm.edit(stream, edited)["updated_at"]

        resumed = source.read(stream, state=first.states)

        *before, last = resumed.states_of(stream)
        assert {state.get("updated_at") for state in before} <= cursors
        assert INSTANT.fullmatch(last["updated_at"])
        assert last["updated_at"] <= canonical(iso(begun))
        third = source.read(stream, state=resumed.states)
        assert new_time in {record["updated_at"] for record in third.records(stream) if record["id"] == edited}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
