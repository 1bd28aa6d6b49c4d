"""What an attack on the source once found: rows that stayed away, runs that did not end, texts that said too much."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from harness import V1, V2, AccountSize, Source, Version, account, for_each_version

pytestmark = pytest.mark.waits(20)

SMALL = AccountSize(contacts=450, deals=120, organizations=20, tasks=20)


@pytest.mark.parametrize(
    ("api", "stream", "path"),
    [(V2, "deal_notes", "/deals/[0-9a-f]+/notes"), (V1, "deals_details", "/deals/[0-9a-f]+")],
    ids=["v2", "v1"],
)
def test_given_children_that_fail_for_ever_when_read_then_the_sync_ends_and_names_the_stream(
    api: Version, stream: str, path: str
) -> None:
    with account(SMALL) as crm:
        crm.fault("500", path=path, times=None, after=5)

        run = Source(crm, api).read(stream, "users")

        assert run.exit_code == 1
        assert run.outcomes == {stream: "INCOMPLETE", "users": "COMPLETE"}
        assert stream in run.error_of(stream)["message"]


@pytest.mark.parametrize(
    ("api", "streams"),
    [(V2, ("deals", "tasks")), (V1, ("contacts", "companies", "deals_details"))],
    ids=str,
)
def test_given_a_record_dated_into_the_future_when_read_again_then_it_hides_no_change(
    api: Version, streams: tuple[str, ...]
) -> None:
    with account(SMALL) as crm:
        source = Source(crm, api)
        for stream in streams:
            crm.create(api.edited(stream), {"name": "Adiantado", "updated_at": "2099-01-01T00:00:00.000Z"})
        first = source.read(*streams)
        changed = {stream: sorted(api.ids(crm, stream))[0] for stream in streams}
        for stream, record_id in changed.items():
            crm.edit(api.edited(stream), record_id)

        second = source.read(*streams, state=first.states)

        assert {stream for stream, record_id in changed.items() if record_id not in second.ids(stream)} == set()


def test_given_the_state_of_a_killed_read_when_refreshed_in_full_then_everything_comes() -> None:
    with account(SMALL) as crm:
        now = datetime.now(timezone.utc)
        ranges = [[(now - timedelta(days=1)).isoformat(), None]]
        position = {"started": now.isoformat(), "latest": None, "ranges": ranges}
        state = {
            "type": "STREAM",
            "stream": {"stream_descriptor": {"name": "contacts"}, "stream_state": {"position": position}},
        }

        run = Source(crm).read("contacts", sync_mode="full_refresh", state=[state])

        assert run.ids("contacts") == crm.ids("contacts")


def test_given_custom_fields_that_share_their_order_when_read_then_none_is_missing() -> None:
    with account(SMALL) as crm:
        for number in range(450):
            crm.create("custom_fields", {"slug": f"campo-{number}", "order": number % 3, "entity": "deal"})

        run = Source(crm).read("custom_fields")

        assert run.ids("custom_fields") == crm.ids("custom_fields")


@for_each_version
def test_given_a_rate_limit_that_asks_for_a_day_when_read_then_the_sync_ends_and_says_so(api: Version) -> None:
    with account(SMALL) as crm:
        crm.fault("429", path="/contacts", times=None, retry_after="86400")

        run = Source(crm, api).read("contacts", "users", "deals")

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
