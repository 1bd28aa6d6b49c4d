"""The second sync of API v2: one request a list, and only children of deals that changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from harness import V2, AccountSize, Emulator, Message, Run, Source, account
from truth import INSTANT

WITH_CURSOR = tuple(name for name, cursor in V2.cursors.items() if cursor)
LISTS_OF_OTHER_STREAMS = {
    "deals": 3,
    "pipelines": 2,
}  # for deals, for all to visit, for those with products; for stages


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
    with account(AccountSize(deals=210, contacts=450, tasks=450)) as crm:
        source = Source(crm)
        yield Synced(crm, source, source.read())


def test_given_no_change_when_read_again_then_one_request_a_list_and_none_for_children(synced: Synced) -> None:
    synced.crm.clear_requests()

    second = synced.source.read(state=synced.first.states)

    assert second.exit_code == 0, second.log
    asked = synced.asked()
    lists = {path: count for path, count in asked.items() if path.count("/") == 1}
    assert {path for path, count in lists.items() if count > LISTS_OF_OTHER_STREAMS.get(path[1:], 1)} == set()
    children = {path for path in asked if re.fullmatch(r"/deals/\w+/(files|notes|products)", path)}
    assert children == set()
    assert second.records("deal_files") == second.records("deal_notes") == second.records("deal_products") == []
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
        streams = ("deals", "deal_files", "deal_notes", "deal_products")
        first = source.read(*streams)
        files, notes, lines = crm.truth("deal_files"), crm.truth("deal_notes"), crm.truth("deal_products")
        deal_id = sorted(files.keys() & notes.keys() & lines.keys())[0]
        crm.edit("deals", deal_id, name="Outro nome")
        crm.clear_requests()

        second = source.read(*streams, state=first.states)

        visited = [request["path"] for request in crm.requests() if request["path"].count("/") > 3]
        assert sorted(visited) == [f"/crm/v2/deals/{deal_id}/{below}" for below in ("files", "notes", "products")]
        assert second.ids("deal_files") == {file["id"] for file in files[deal_id]}
        assert second.ids("deal_notes") == {note["id"] for note in notes[deal_id]}
        assert second.ids("deal_products") == {line["id"] for line in lines[deal_id]}
        assert [deal["name"] for deal in second.records("deals") if deal["id"] == deal_id] == ["Outro nome"]
        (edited,) = [deal for deal in crm.truth("deals") if deal["id"] == deal_id]
        for child in [child for stream in streams[1:] for child in second.records(stream)]:
            assert (child["deal_id"], child["deal_updated_at"]) == (deal_id, edited["updated_at"])


def test_given_new_and_edited_rows_when_read_again_then_they_come(synced: Synced) -> None:
    new = {stream: synced.crm.create(stream, count=1)[0]["id"] for stream in ("contacts", "deals", "tasks")}
    old = {stream: sorted(synced.crm.ids(stream))[0] for stream in new}
    for stream, id_ in old.items():
        synced.crm.edit(stream, id_)

    second = synced.source.read(*new, state=synced.first.states)

    for stream in new:
        assert {new[stream], old[stream]} <= second.ids(stream)


def test_given_a_first_sync_when_done_then_cursors_say_how_far_it_read(synced: Synced) -> None:
    for stream, cursor in V2.cursors.items():
        states = synced.first.states_of(stream)
        if cursor:
            moments = [state[cursor] for state in states if cursor in state]
            assert moments == sorted(moments)
            assert all(INSTANT.fullmatch(moment) for moment in moments)
            assert "position" not in states[-1]
            read = max(record[cursor] for record in synced.first.records(stream))
            # Deals without notes were visited, too: the cursor of notes is that of the last deal.
            last = max(deal["updated_at"] for deal in synced.crm.truth("deals")) if cursor != "updated_at" else read
            assert read <= moments[-1] <= last
