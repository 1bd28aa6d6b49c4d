"""Messages, sync after sync: only what is new, from the start date on; no state promises more than was read."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

import pytest

from harness import CONVERSAS, ConversasSize, Emulator, Line, Run, Source, SyncMode, account, state_stream
from test_incremental import iso
from test_kill import read_with_kills
from truth import INSTANT, canonical
from truth_conversas import held, told, visits

SIZE = ConversasSize(contacts=25, messages_per_contact=12, reports=1)
WALK = ConversasSize(contacts=60, messages_per_contact=60, reports=1)
BEGINNING = canonical("2024-01-01T00:00:00Z")  # the emulator's start date, before everything


def ago(**span: float) -> str:
    """An instant in the past."""
    return canonical((datetime.now(timezone.utc) - timedelta(**span)).isoformat())


def one_millisecond_before(instant: str) -> str:
    moment = datetime.fromisoformat(instant.replace("Z", "+00:00"))
    return canonical((moment - timedelta(milliseconds=1)).isoformat())


def test_given_no_change_when_read_again_then_at_most_the_last_minutes_come_again_for_a_request_a_contact() -> None:
    with account(conversas=SIZE) as crm:
        talker, other = sorted(CONVERSAS.ids(crm, "contacts"))[:2]
        crm.conversas_add_messages(talker, content="bom dia", count=2)
        crm.conversas_add_messages(other, content="há uma hora", created_at=ago(hours=1))
        source = Source(crm, CONVERSAS)
        first = source.read("messages")
        crm.clear_requests()

        second = source.read("messages", state=first.states)

        assert told(first) == held(crm)
        assert second.exit_code == 0, second.log
        assert {record["content"] for record in second.records("messages")} == {"bom dia"}
        assert len(second.ids("messages")) == len(second.records("messages")) == 2
        assert second.ids("messages") <= first.ids("messages")
        asked = Counter(request["query"]["customer_id"] for request in visits(crm))
        assert asked == dict.fromkeys(CONVERSAS.ids(crm, "contacts"), 1)


def test_given_new_messages_when_read_again_then_they_arrive_whoever_wrote_them_and_however_late_they_show() -> None:
    with account(conversas=SIZE) as crm:
        source = Source(crm, CONVERSAS)
        first = source.read("messages")
        old, second_old = sorted(CONVERSAS.ids(crm, "contacts"))[:2]
        (new,) = crm.conversas_create("customers")
        before = held(crm)
        crm.conversas_add_messages(old, content="olá", count=3)
        crm.conversas_add_messages(old, content="%7B%22file_name%22%3A%22a.oga%22%7D", sent_by="bot", type="audio")
        crm.conversas_add_messages(second_old, content="atrasada", created_at=ago(minutes=3), channel="telegram")
        crm.conversas_add_messages(new["_id"], content="primeira", sent_by="operator")

        second = source.read("messages", state=first.states)
        third = source.read("messages", state=second.states)

        assert told(second) == held(crm) - before
        assert third.ids("messages") <= second.ids("messages")
        assert [name for record in second.records("messages") if (name := record["file_name"])] == ["a.oga"]


@pytest.mark.parametrize("sync_mode", ["incremental", pytest.param("full_refresh", marks=pytest.mark.long)])
def test_given_a_start_date_when_read_then_messages_and_reports_begin_with_it(sync_mode: SyncMode) -> None:
    with account(conversas=ConversasSize(contacts=25, messages_per_contact=12, reports=60)) as crm:
        moments = sorted(row["created_at"] for row in crm.conversas_truth("messages"))
        day = moments[len(moments) // 2][:10]
        start = canonical(f"{day}T00:00:00Z")
        writer = sorted(CONVERSAS.ids(crm, "contacts"))[0]
        crm.conversas_add_messages(writer, content="à meia-noite", created_at=start)
        crm.conversas_add_messages(writer, content="antes", created_at=one_millisecond_before(start))
        (first_report,) = crm.conversas_create("reports", at=start)

        run = Source(crm, CONVERSAS, start_date=day).read("messages", "reports", sync_mode=sync_mode)

        assert run.exit_code == 0, run.log
        assert told(run) == held(crm, since=start)
        assert 0 < told(run).total() < held(crm).total()
        due = {row["id"] for row in crm.conversas_truth("reports") if row["created_at"] >= start}
        assert first_report["id"] in due
        assert run.ids("reports") == due


def is_position(line: Line) -> bool:
    """Whether it is a STATE that says up to which contact the walk has come."""
    return line.text.startswith(b'{"type":"STATE"') and b'"after"' in line.text


def test_given_a_walk_under_way_when_killed_and_resumed_then_the_cursor_moves_at_the_end_and_not_beyond_the_start() -> (
    None
):
    with account(conversas=WALK) as crm:
        source = Source(crm, CONVERSAS)

        first = source.read("messages", kill_when=is_position)

        begun = crm.requests()[0]["arrived_at"]
        assert {state["created_at"] for state in first.states_of("messages")} == {BEGINNING}
        assert first.exit_code != 0
        reached = first.states_of("messages")[-1]["position"]["after"]
        # Somebody whom the killed walk had visited writes before the resumed one: only a third sync can bring it.
        crm.conversas_add_messages(min(CONVERSAS.ids(crm, "contacts")), content="entre as duas")
        crm.clear_requests()

        resumed = source.read("messages", state=first.states)

        assert {request["query"]["customer_id"] for request in visits(crm)} == {
            contact for contact in CONVERSAS.ids(crm, "contacts") if contact > reached
        }
        *before, last = resumed.states_of("messages")
        assert {state["created_at"] for state in before} == {BEGINNING}
        assert last.keys() == {"created_at"}
        assert INSTANT.fullmatch(last["created_at"])
        assert last["created_at"] <= canonical(iso(begun))
        third = source.read("messages", state=resumed.states)
        assert "entre as duas" in {record["content"] for record in third.records("messages")}


def assert_positions_follow_their_records(run: Run, crm: Emulator, begun_after: str) -> None:
    """No STATE stands before a record of a contact that it counts as read."""
    whole: defaultdict[str, int] = defaultdict(int)
    for said, times in held(crm).items():
        whole[said[0]] += times
    arrived: defaultdict[str, set[str]] = defaultdict(set)
    for line in run.lines:
        if line.is_record:
            record = line.message["record"]["data"]
            arrived[record["customer_id"]].add(record["id"])
        elif line.text.startswith(b'{"type":"STATE"') and state_stream(line.message) == "messages":
            after = line.message["state"]["stream"]["stream_state"].get("position", {}).get("after", "")
            due = {contact: number for contact, number in whole.items() if begun_after < contact <= after}
            assert {contact: len(arrived[contact]) for contact in due} == due


@pytest.mark.parametrize(
    "kills", [pytest.param(2, id="2-kills"), pytest.param(20, id="20-kills", marks=pytest.mark.long)]
)
def test_given_kills_at_random_points_when_resumed_then_the_union_is_complete(kills: int) -> None:
    positions = [""]
    with account(conversas=WALK) as crm:
        expected = Source(crm, CONVERSAS).read("messages").ids("messages")

        def see(run: Run) -> None:
            assert_positions_follow_their_records(run, crm, positions[-1])
            for state in run.states_of("messages")[-1:]:
                over = "~" if state["created_at"] != BEGINNING else positions[-1]
                positions.append(state.get("position", {}).get("after", over))

        # Half of the lines: what a killed run has left in the pipe counts, too, and must not be all there is.
        lines = held(crm).total() // 2
        committed = read_with_kills(crm, CONVERSAS, ("messages",), kills, seed=5, lines=lines, see=see)

        assert len(expected) == held(crm).total()
        assert committed["messages"] == expected
        assert {*positions} - {"", "~"}, "no run went on where another was"
