"""What an attack on the source once found: rows that stayed away, runs that did not end, texts that said too much."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from harness import AccountSize, Source, account

SMALL = AccountSize(contacts=450, deals=120, organizations=20, tasks=20)


def test_given_children_that_fail_for_ever_when_read_then_the_sync_ends_and_names_the_stream() -> None:
    with account(SMALL) as crm:
        crm.fault("500", path="/deals/[0-9a-f]+/notes", times=None, after=5)

        run = Source(crm).read("deal_notes", "sources")

        assert run.exit_code == 1
        assert run.outcomes == {"deal_notes": "INCOMPLETE", "sources": "COMPLETE"}
        assert "deal_notes" in run.error_of("deal_notes")["message"]


def test_given_a_record_dated_into_the_future_when_read_again_then_it_hides_no_change() -> None:
    with account(SMALL) as crm:
        source = Source(crm)
        for stream in ("deals", "tasks"):
            crm.create(stream, {"name": "Adiantado", "updated_at": "2099-01-01T00:00:00.000Z"})
        first = source.read("deals", "tasks")
        changed = {stream: sorted(crm.ids(stream))[0] for stream in ("deals", "tasks")}
        for stream, record_id in changed.items():
            crm.edit(stream, record_id)

        second = source.read("deals", "tasks", state=first.states)

        assert {stream for stream, record_id in changed.items() if record_id not in second.ids(stream)} == set()


def test_given_the_state_of_a_killed_walk_when_refreshed_in_full_then_everything_comes() -> None:
    with account(SMALL) as crm:
        now = datetime.now(timezone.utc)
        spans = [[(now - timedelta(days=1)).isoformat(), None]]
        walk = {"started": now.isoformat(), "latest": None, "spans": spans}
        state = {
            "type": "STREAM",
            "stream": {"stream_descriptor": {"name": "contacts"}, "stream_state": {"walk": walk}},
        }

        run = Source(crm).read("contacts", sync_mode="full_refresh", state=[state])

        assert run.ids("contacts") == crm.ids("contacts")


def test_given_custom_fields_that_share_their_order_when_read_then_none_is_missing() -> None:
    with account(SMALL) as crm:
        for number in range(450):
            crm.create("custom_fields", {"slug": f"campo-{number}", "order": number % 3, "entity": "deal"})

        run = Source(crm).read("custom_fields")

        assert run.ids("custom_fields") == crm.ids("custom_fields")


def test_given_a_rate_limit_that_asks_for_a_day_when_read_then_the_sync_ends_and_says_so() -> None:
    with account(SMALL) as crm:
        crm.fault("429", path="/contacts", times=None, retry_after="86400")

        run = Source(crm).read("contacts", "sources", "deals")

        assert run.exit_code == 1
        assert run.error_of("contacts")["failure_type"] == "transient_error"
        assert "429" in run.error_of("contacts")["message"]


def test_given_tokens_that_die_sooner_than_they_say_when_read_then_complete() -> None:
    with account(SMALL) as crm:
        crm.settings(access_token_ttl_s=2.0, expires_in="absent", latency_s=0.3)

        run = Source(crm).read("contacts", "deals", "deal_notes")

        assert run.exit_code == 0, run.log
        assert run.ids("contacts") == crm.ids("contacts")
        used = [refresh["refresh_token"] for refresh in crm.oauth()["history"]]
        assert len(used) == len(set(used))


def test_given_debug_logs_when_read_then_no_answer_is_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    with account(SMALL) as crm:
        run = Source(crm).read("contacts")

        emails = [email["email"] for contact in crm.truth("contacts") for email in contact["emails"]]
        assert run.exit_code == 0
        printed = "\n".join(line.text.decode() for line in run.lines if not line.is_record)
        assert "Making outbound API request" in printed, "the CDK's debug lines are what this test is about"
        assert [email for email in emails if email in printed] == []
