"""Messages at the price of conversations, over HTTP: who is visited for an attendance, and who in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from harness import CONVERSAS, ConversasSize, Emulator, Line, Message, Run, Source, account
from truth import canonical
from truth_conversas import held, told, visits

SIZE = ConversasSize(contacts=160, messages_per_contact=8, reports=0)
WEEK = 7


def ago(**span: float) -> str:
    """An instant in the past."""
    return canonical((datetime.now(timezone.utc) - timedelta(**span)).isoformat())


def state_of(found: dict[str, Any]) -> list[Message]:
    """A saved state of `messages`."""
    stream = {"stream_descriptor": {"name": "messages"}, "stream_state": found}
    return [{"type": "STREAM", "stream": stream}]


def attend(crm: Emulator, contact: str, *, opened: str, closed: str = "") -> None:
    """An attendance of the contact; open without `closed`."""
    ends = {"closed_at": closed, "finished_at": closed}
    crm.conversas_create("reports", {"customer": {"id": contact}, "closed": bool(closed), **ends}, at=opened)


def talk(crm: Emulator, contacts: Sequence[str]) -> None:
    """An attendance of each of the contacts since yesterday, which is over, and what was said in it."""
    for contact in contacts:
        crm.conversas_add_messages(contact, content="de hoje", created_at=ago(hours=3))
        attend(crm, contact, opened=ago(hours=3), closed=ago(hours=2))


def whom(crm: Emulator) -> Counter[str]:
    """How often each contact's history was asked for."""
    return Counter(request["query"]["customer_id"] for request in visits(crm))


def brought(run: Run) -> set[str]:
    """The contacts of whom messages came."""
    return {record["customer_id"] for record in run.records("messages")}


@pytest.mark.parametrize(
    ("contacts", "talking", "new", "still_open"),
    [
        pytest.param(1_000, 20, 5, 40, id="1000-contacts"),
        pytest.param(20_000, 200, 50, 400, id="20000-contacts", marks=pytest.mark.long),
    ],
)
def test_given_an_account_of_many_contacts_when_synced_then_the_price_is_that_of_its_conversations(
    contacts: int, talking: int, new: int, still_open: int
) -> None:
    with account(conversas=ConversasSize(contacts=contacts, messages_per_contact=8, reports=0)) as crm:
        known = sorted(CONVERSAS.ids(crm, "contacts"))
        talk(crm, known[-talking:])
        for contact in known[-talking - still_open : -talking]:
            attend(crm, contact, opened=ago(days=10))
        for made in crm.conversas_create("customers", count=new):
            crm.conversas_add_messages(made["_id"], content="primeira")
        state = {"created_at": ago(days=1)}
        crm.clear_requests()

        run = Source(crm, CONVERSAS).read("messages", state=state_of(state))

        assert run.exit_code == 0, run.log
        asked = len(visits(crm))
        listing = len(crm.requests()) - asked
        assert asked <= 1.3 * (talking + new + still_open) + contacts / WEEK, asked
        assert listing <= contacts / 100 + 40, listing
        assert brought(run) >= {*known[-talking:], *CONVERSAS.ids(crm, "contacts")} - set(known[:-talking])


def test_given_daily_syncs_when_nobody_is_attended_then_everybody_is_visited_once_in_a_round() -> None:
    with account(conversas=SIZE) as crm:
        contacts = sorted(CONVERSAS.ids(crm, "contacts"))
        begun = ago(days=1)
        crm.conversas_add_messages(contacts[100], content="de um robô", created_at=begun, sent_by="bot")
        state: dict[str, Any] = {"created_at": begun}
        source = Source(crm, CONVERSAS)
        said = []
        for day in range(2, WEEK):
            run = source.read("messages", state=state_of(state))
            said += [record["content"] for record in run.records("messages")]
            state = run.states_of("messages")[-1]
            if "position" not in state:
                break
            assert state["created_at"] == begun
            state["position"]["started"] = ago(days=day)

        assert whom(crm) == Counter(contacts)
        assert said == ["de um robô"]
        assert "position" not in state


def test_given_a_plan_without_reports_when_synced_then_everyone_is_visited_and_one_warning_says_so() -> None:
    refused: dict[str, Any] = {"conversas_plan": "403", "conversas_plan_lists": ["reports"]}
    with account(conversas=SIZE, **refused) as crm:
        (writer,) = sorted(CONVERSAS.ids(crm, "contacts"))[-1:]
        crm.conversas_add_messages(writer, content="olá")

        run = Source(crm, CONVERSAS).read("messages", state=state_of({"created_at": ago(days=1)}))

        assert run.exit_code == 0, run.log
        assert whom(crm).keys() == CONVERSAS.ids(crm, "contacts")
        assert brought(run) == {writer}
        (line,) = run.log_lines("WARN")
        assert line.startswith("messages: every contact is visited")
        assert "403" in line
        assert run.states_of("messages")[-1].keys() == {"created_at"}


@pytest.mark.parametrize("status", ["obeyed", "ignored", "refused"])
def test_given_attendances_open_for_long_when_synced_then_their_contacts_are_visited_if_rd_station_lists_them(
    status: str,
) -> None:
    with account(conversas=SIZE, conversas_reports_status=status) as crm:
        recent, old, over = sorted(CONVERSAS.ids(crm, "contacts"))[-3:]
        attend(crm, recent, opened=ago(days=20))
        attend(crm, old, opened=ago(days=100))
        attend(crm, over, opened=ago(days=100), closed=ago(days=99))

        run = Source(crm, CONVERSAS).read("messages", state=state_of({"created_at": ago(days=1)}))

        assert run.exit_code == 0, run.log
        assert whom(crm).keys() & {recent, old, over} == ({recent, old} if status == "obeyed" else {recent})


def test_given_an_attended_contact_that_is_no_longer_listed_when_synced_then_the_others_are_read() -> None:
    with account(conversas=SIZE) as crm:
        gone, there = sorted(CONVERSAS.ids(crm, "contacts"))[-2:]
        talk(crm, [gone, there])
        crm.conversas_delete("customers", gone)

        run = Source(crm, CONVERSAS).read("messages", state=state_of({"created_at": ago(days=1)}))

        assert run.exit_code == 0, run.log
        assert gone not in whom(crm)
        assert brought(run) == {there}


def attended_are_read(line: Line) -> bool:
    """Whether it is a STATE behind those with an attendance."""
    return line.text.startswith(b'{"type":"STATE"') and b'"after":"' in line.text


def test_given_a_kill_while_others_are_visited_in_turn_when_synced_then_the_attended_are_not_visited_again() -> None:
    with account(conversas=SIZE) as crm:
        contacts = sorted(CONVERSAS.ids(crm, "contacts"))
        attended = contacts[-6:]
        talk(crm, attended)
        state = {"created_at": ago(days=3)}
        source = Source(crm, CONVERSAS, num_workers=1)

        def behind_the_attended(line: Line) -> bool:
            return attended_are_read(line) and state["created_at"].encode() not in line.text.partition(b"attended")[2]

        killed = source.read("messages", state=state_of(state), kill_when=behind_the_attended)
        crm.clear_requests()
        resumed = source.read("messages", state=killed.states)

        assert killed.exit_code != 0
        assert resumed.exit_code == 0, resumed.log
        assert not whom(crm).keys() & set(attended)
        assert brought(killed) == set(attended)
        assert whom(crm).keys() <= set(contacts[:80]), "those in turn"


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
def test_given_any_order_of_a_history_when_synced_then_no_message_is_missed(order: str) -> None:
    size = ConversasSize(contacts=2, messages_per_contact=250, reports=0)
    with account(conversas=size, conversas_history_order=order) as crm:
        since = ago(days=1)
        for writer in CONVERSAS.ids(crm, "contacts"):
            crm.conversas_add_messages(writer, content="olá", created_at=ago(hours=1))

        run = Source(crm, CONVERSAS, num_workers=1).read("messages", state=state_of({"created_at": since}))

        assert run.exit_code == 0, run.log
        assert told(run) == held(crm, since=since)
        if order == "newest":
            assert sorted(whom(crm).values()) == [1, 2], (
                "the first history shows it; the second stops at its first page"
            )


@pytest.mark.parametrize(
    "variant", [{"conversas_kid": "old"}, {"conversas_history_range": 90}], ids=["old-key", "90-days-at-most"]
)
def test_given_a_whole_history_that_cannot_be_had_when_synced_then_what_is_due_is_asked_for_alone(
    variant: dict[str, Any],
) -> None:
    with account(conversas=ConversasSize(contacts=30, messages_per_contact=8, reports=0), **variant) as crm:
        since = ago(days=1)
        (writer,) = sorted(CONVERSAS.ids(crm, "contacts"))[-1:]
        if "conversas_kid" not in variant:
            crm.conversas_add_messages(writer, content="olá", created_at=ago(hours=1))

        run = Source(crm, CONVERSAS).read("messages", state=state_of({"created_at": since}))

        assert run.exit_code == 0, run.log
        assert run.log_lines("WARN") == []
        assert told(run) == held(crm, since=since)
        assert run.states_of("messages")[-1]["created_at"] > since
        assert max(whom(crm).values()) <= 3
