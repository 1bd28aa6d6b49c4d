"""Contacts that are listed and have no history (404) are skipped and counted, and keep the cursor back once.

Those that are counted and not listed keep it back until they are.
"""

from __future__ import annotations

from harness import CONVERSAS, ConversasSize, Message, Run, Source, account
from truth_conversas import held, told

SIZE = ConversasSize(contacts=12, messages_per_contact=6, reports=1)
START = "2024-01-01T00:00:00.000Z"


def cursor(run: Run) -> str:
    return str(state(run)["created_at"])


def state(run: Run) -> Message:
    found: Message = run.states[-1]["stream"]["stream_state"]
    return found


def test_given_gone_contacts_when_read_then_they_are_counted_and_keep_the_cursor_back_once() -> None:
    with account(conversas=SIZE, conversas_gone=2) as crm:
        source = Source(crm, CONVERSAS, start_date=START)

        first = source.read("messages")
        second = source.read("messages", state=first.states)
        third = source.read("messages", state=second.states)

        assert first.exit_code == second.exit_code == 0, first.log
        assert [line for line in first.log_lines("INFO") if "2 contacts" in line and "404" in line]
        assert len(first.records("messages")) == len(crm.conversas_truth("messages"))
        assert cursor(first) == START
        assert cursor(second) > "2026"
        assert set(state(second)["gone"]) == crm.conversas_ids("gone")
        assert third.records("messages") == []


def test_given_a_gone_contact_that_returns_when_read_then_its_whole_history_arrives() -> None:
    with account(conversas=SIZE, conversas_gone=2) as crm:
        source = Source(crm, CONVERSAS, start_date=START)
        gone = crm.conversas_ids("gone")
        known = source.read("messages", state=source.read("messages").states)
        crm.settings(conversas_gone=0)

        run = source.read("messages", state=known.states)

        returned = [row for row in crm.conversas_truth("messages") if row["customer_id"] in gone]
        assert returned
        assert len(run.records("messages")) == len(returned)
        assert {record["customer_id"] for record in run.records("messages")} <= gone
        assert "gone" not in state(run)
        assert cursor(run) > "2026"


def test_given_contacts_beyond_a_page_that_always_comes_when_they_are_listed_again_then_their_old_messages_arrive() -> (
    None
):
    size = ConversasSize(contacts=120, messages_per_contact=1, reports=1)
    with account(conversas=size, conversas_ignore_page=["customers"]) as crm:
        source = Source(crm, CONVERSAS, start_date=START)

        first = source.read("messages")

        assert first.exit_code == 0, first.log
        (line,) = first.log_lines("WARN")
        assert "counts 120 contacts and showed 100" in line
        assert told(first) != held(crm)
        assert state(first) == {"created_at": START, "hidden": 20}
        crm.settings(conversas_ignore_page=[])
        assert told(source.read("messages", state=first.states)) == held(crm)


def test_given_two_things_that_cannot_be_read_when_read_then_both_are_said() -> None:
    size = ConversasSize(contacts=120, messages_per_contact=1, reports=1)
    with account(conversas=size, conversas_ignore_page=["customers"], conversas_kid="old") as crm:
        run = Source(crm, CONVERSAS, start_date=START).read("messages")

    said = " ".join(run.log_lines("WARN"))
    assert "counts 120 contacts and showed 100" in said
    assert "pages could not be decrypted or read" in said
