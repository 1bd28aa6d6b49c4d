"""The second sync of API v1: one request for a list that is at rest, and details of deals that changed alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from harness import V1, AccountSize, Emulator, Message, Run, Source, account
from truth import INSTANT, canonical, newest_by_id

DETAIL = re.compile("/api/v1/deals/[0-9a-f]{24}")
CONTACTS = re.compile("/api/v1/deals/([0-9a-f]{24})/contacts")
BY_OWN_CHANGE = tuple(stream for stream in V1.with_cursor if V1.cursors[stream] == "updated_at")


@dataclass
class Synced:
    """An account that was read once."""

    crm: Emulator
    source: Source
    first: Run

    def state(self, *streams: str) -> list[Message]:
        return [state for state in self.first.states if state["stream"]["stream_descriptor"]["name"] in streams]


def details(crm: Emulator) -> list[str]:
    """The ids of the deals whose details were asked for."""
    return [request["path"][-24:] for request in crm.requests() if DETAIL.fullmatch(request["path"])]


@pytest.fixture(scope="module")
def synced() -> Iterator[Synced]:
    with account(AccountSize(deals=230, contacts=450, organizations=420, tasks=1)) as crm:
        source = Source(crm, V1)
        yield Synced(crm, source, source.read())


def test_given_a_first_sync_when_done_then_cursors_say_how_far_it_read(synced: Synced) -> None:
    assert synced.first.exit_code == 0, synced.first.log
    for stream in V1.with_cursor:
        cursor = V1.cursors[stream]
        moments = [state[cursor] for state in synced.first.states_of(stream) if cursor in state]
        assert moments == sorted(moments)
        assert INSTANT.fullmatch(moments[-1])
        read = synced.first.records("deals_details" if stream == "deal_contacts" else stream)  # all deals are visited
        assert moments[-1] == max(record["updated_at"] for record in read)


def test_given_no_change_when_read_again_then_one_request_a_list_and_no_details(synced: Synced) -> None:
    synced.crm.clear_requests()

    second = synced.source.read(*V1.with_cursor, state=synced.first.states)

    assert second.exit_code == 0, second.log
    asked = Counter(request["path"].rpartition("/")[2] for request in synced.crm.requests())
    assert asked["contacts"] <= 1
    assert asked["organizations"] <= 1
    assert asked["deals"] == 2, "its two pages, once for both streams that visit deals"
    assert details(synced.crm) == []
    assert second.records("deals_details") == second.records("deal_contacts") == []
    for stream in V1.with_cursor:
        assert second.states_of(stream)[-1] == synced.first.states_of(stream)[-1]


@pytest.mark.parametrize("stream", ["contacts", "companies"])
def test_given_no_change_when_a_list_is_read_again_alone_then_one_request(synced: Synced, stream: str) -> None:
    synced.crm.clear_requests()

    synced.source.read(stream, state=synced.state(stream))

    assert len(synced.crm.requests()) == 1


def test_given_a_few_edits_when_read_again_then_exactly_the_edited_records_come() -> None:
    with account(AccountSize(deals=230, contacts=450, organizations=420, tasks=1)) as crm:
        source = Source(crm, V1)
        first = source.read(*BY_OWN_CHANGE)
        edited = {stream: set(sorted(V1.ids(crm, stream))[3:40:4]) for stream in BY_OWN_CHANGE}
        for stream, ids in edited.items():
            for id_ in ids:
                crm.edit(V1.edited(stream), id_)
        crm.clear_requests()

        second = source.read(*BY_OWN_CHANGE, state=first.states)

        newest = {stream: first.states_of(stream)[-1]["updated_at"] for stream in BY_OWN_CHANGE}
        for stream, ids in edited.items():
            changed = {record["id"] for record in second.records(stream) if record["updated_at"] > newest[stream]}
            assert changed == ids
            # Rows of the very instant where the first sync ended may come again; nothing older.
            assert {record["id"] for record in second.records(stream) if record["updated_at"] < newest[stream]} == set()
        assert sorted(details(crm)) == sorted(edited["deals_details"])
        asked = Counter(request["path"].rpartition("/")[2] for request in crm.requests())
        assert asked["contacts"] <= 2
        assert asked["organizations"] <= 2


def test_given_one_edited_deal_when_read_again_then_one_detail_request_and_its_new_name() -> None:
    with account(AccountSize(deals=60)) as crm:
        source = Source(crm, V1)
        first = source.read("deals_details")
        assert len(details(crm)) == 60
        deal = sorted(V1.ids(crm, "deals"))[7]
        crm.edit("deals", deal, name="Outro nome")
        crm.advance_clock(2)  # the cursor never passes the second in which a sync began
        crm.clear_requests()

        second = source.read("deals_details", state=first.states)

        assert details(crm) == [deal]
        assert [record["name"] for record in second.records("deals_details")] == ["Outro nome"]
        (row,) = [row for row in V1.truth(crm, "deals") if row["id"] == deal]
        assert second.states_of("deals_details")[-1]["updated_at"] == canonical(row["updated_at"])


def test_given_one_edited_deal_when_read_again_then_its_contacts_alone_are_asked_for() -> None:
    with account(AccountSize(deals=60)) as crm:
        source = Source(crm, V1)
        first = source.read("deal_contacts")
        below = V1.truth(crm, "deal_contacts")
        deal = sorted(deal for deal, contacts in below.items() if contacts)[3]
        crm.edit("deals", deal, name="Outro nome")
        crm.advance_clock(2)  # the cursor never passes the second in which a sync began
        crm.clear_requests()

        second = source.read("deal_contacts", state=first.states)

        paths = [request["path"] for request in crm.requests()]
        assert [match[1] for path in paths if (match := CONTACTS.fullmatch(path))] == [deal]
        (row,) = [row for row in V1.truth(crm, "deals") if row["id"] == deal]
        brought = {
            (record["deal_id"], record["id"], record["deal_updated_at"]) for record in second.records("deal_contacts")
        }
        assert brought == {(deal, contact["id"], canonical(row["updated_at"])) for contact in below[deal]}
        assert second.states_of("deal_contacts")[-1]["deal_updated_at"] == canonical(row["updated_at"])


@pytest.mark.parametrize("stream", BY_OWN_CHANGE)
def test_given_edits_during_the_read_when_read_again_then_the_newest_of_each_record_is_there(stream: str) -> None:
    size = AccountSize(**{"tasks": 1, "deals": 60, "contacts": 1, V1.edited(stream): 60 if "deal" in stream else 1_500})
    with account(size, latency_s=0.15) as crm:
        source = Source(crm, V1, num_workers=2)
        crm.churn(edits_per_s=40, lists=[V1.edited(stream)], seed=5)

        first = source.read(stream)

        changed = crm.stop_churn()["edited"][V1.edited(stream)]
        assert changed, "the read was too short for the proof"
        second = source.read(stream, state=first.states)

        assert second.exit_code == 0, second.log
        held = newest_by_id(first.records(stream) + second.records(stream))
        truth = {row["id"]: canonical(row["updated_at"]) for row in V1.truth(crm, stream)}
        assert {id_ for id_, moment in truth.items() if held[id_]["updated_at"] != moment} == set()
