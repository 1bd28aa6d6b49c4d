"""Streams that visit the same deals share one list of them, each from its own place; and lists that few know."""

from __future__ import annotations

from typing import Any

import pytest

from harness import V1, V2, AccountSize, Emulator, Source, Version, account
from servers import altering
from truth import canonical, differences

BELOW_DEALS = {V2: ("deal_files", "deal_notes", "deal_products"), V1: ("deal_contacts", "deals_details")}
A_PAGE = 200


def lists_of_deals(crm: Emulator, api: Version) -> dict[str, int]:
    """How many requests listed deals, by the part of their filter that is no moment."""
    counted: dict[str, int] = {}
    for request in crm.requests():
        if request["path"] == f"{api.root}/deals":
            words = request["query"].get("filter", "").split()
            only = " ".join(word for word in words if word.startswith("has:"))
            counted[only] = counted.get(only, 0) + 1
    return counted


@pytest.mark.parametrize(
    ("api", "deals"),
    [
        pytest.param(V2, 410, id="v2"),
        pytest.param(V1, 410, id="v1"),
        pytest.param(V2, 10_000, id="v2-10000", marks=pytest.mark.long),
        pytest.param(V1, 10_000, id="v1-10000", marks=pytest.mark.long),
    ],
)
def test_given_streams_below_deals_when_read_then_these_are_listed_once(api: Version, deals: int) -> None:
    streams = BELOW_DEALS[api]
    with account(AccountSize(deals=deals, contacts=300, organizations=1, tasks=1)) as crm:
        source = Source(crm, api)
        pages = -(-deals // A_PAGE)

        first = source.read(*streams)

        assert first.exit_code == 0, first.log
        assert [wrong for stream in streams for wrong in differences(first, crm, stream, api)] == []
        listed = lists_of_deals(crm, api)
        # A keyset meets the second of each page's end again, and looks for deals without a date: one request, or two.
        assert pages <= listed.pop("") <= pages + 2 + pages // 20
        # Which deals have products is another list, and shorter; it spares a request for each of the others.
        assert sum(listed.values()) <= pages * 0.6 + 3
        assert listed.keys() <= {"has:product"}

        crm.clear_requests()
        again = source.read(*streams, state=first.states)

        assert again.exit_code == 0, again.log
        assert lists_of_deals(crm, api)[""] <= (1 if api is V2 else pages + 2)  # v1 has no filter on changes
        assert [record for stream in streams for record in again.records(stream)] == []


@pytest.mark.parametrize("api", [V2, V1], ids=str)
def test_given_a_stream_that_is_new_when_read_with_an_older_one_then_each_goes_on_from_its_own_place(
    api: Version,
) -> None:
    new, old = BELOW_DEALS[api][:2]
    with account(AccountSize(deals=90, contacts=60)) as crm:
        source = Source(crm, api)
        first = source.read(old)
        edited = sorted(crm.ids("deals"))[5]
        crm.edit("deals", edited, name="Outro nome")
        crm.clear_requests()

        second = source.read(new, old, state=first.states)

        assert second.exit_code == 0, second.log
        assert differences(second, crm, new, api) == []
        assert lists_of_deals(crm, api) == {"": 1}
        assert {record.get("deal_id", record["id"]) for record in second.records(old)} <= {edited}
        assert second.states_of(old)[-1] != first.states_of(old)[-1]


@pytest.mark.parametrize("api", [V2, V1], ids=str)
def test_given_a_list_that_fails_for_the_first_stream_when_read_then_the_other_lists_for_itself(api: Version) -> None:
    one, other = BELOW_DEALS[api][:2]
    with account(AccountSize(deals=60, contacts=60)) as crm:
        crm.fault("redirect", path=f"{api.root}/deals$", times=1)  # final: it is not asked for again

        run = Source(crm, api).read(one, other)

        assert run.exit_code == 1
        (failed,) = [stream for stream, outcome in run.outcomes.items() if outcome == "INCOMPLETE"]
        (complete,) = {one, other} - {failed}
        assert failed in run.error_of(failed)["message"]
        assert differences(run, crm, complete, api) == []


@pytest.mark.parametrize("api", [V2, V1], ids=str)
def test_given_edits_throughout_when_streams_share_their_deals_then_the_next_sync_has_the_newest_of_all(
    api: Version,
) -> None:
    streams = BELOW_DEALS[api]
    with account(AccountSize(deals=120, contacts=60), latency_s=0.05) as crm:
        source = Source(crm, api, num_workers=4)
        crm.churn(edits_per_s=30, lists=["deals"], seed=4)
        first = source.read(*streams)
        edited = set(crm.stop_churn()["edited"]["deals"])
        assert len(edited) > 20, "the read was too short for the proof"

        second = source.read(*streams, state=first.states)

        assert first.exit_code == second.exit_code == 0, second.log
        changed = {row["id"]: canonical(row["updated_at"]) for row in crm.truth("deals")}
        first.lines += second.lines
        for stream in streams:
            assert first.ids(stream) == api.ids(crm, stream)
            if stream != "deals_details":  # API v1 tells nothing of changes of what a record embeds
                assert differences(first, crm, stream, api) == []
            cursor = api.cursors[stream]
            newest: dict[str, str] = {}
            for record in first.records(stream):
                deal = record.get("deal_id", record["id"])
                newest[deal] = max(newest.get(deal, ""), record[cursor])
            assert {deal for deal, moment in newest.items() if moment != changed[deal]} == set()


@pytest.mark.parametrize(("api", "stream"), [(V2, "deal_files"), (V1, "deal_contacts")], ids=["v2", "v1"])
def test_given_an_account_that_lacks_a_list_below_deals_when_it_has_it_later_then_none_of_it_is_missing(
    api: Version, stream: str
) -> None:
    with account(AccountSize(deals=60, contacts=60)) as crm:
        source = Source(crm, api)
        crm.fault("404", path=f"{api.root}/deals/[^/]+/{stream.partition('_')[2]}$", times=None)

        lacking = source.read(stream)

        assert lacking.outcomes == {stream: "INCOMPLETE"}
        assert lacking.error_of(stream)["failure_type"] == "config_error"
        assert "deselect the stream" in lacking.error_of(stream)["message"]
        assert len(crm.requests()) < 40, "every deal was asked for what the account lacks"
        crm.clear_faults()
        assert differences(source.read(stream, state=lacking.states), crm, stream, api) == []


@pytest.mark.parametrize("settings", [{}, {"last_page": "no_links"}], ids=["links", "no-links"])
def test_given_more_files_than_a_page_holds_when_read_then_all_of_them_come(settings: dict[str, Any]) -> None:
    with account(AccountSize(deals=8), cap_size=25, **settings) as crm:
        run = Source(crm).read("deal_files")

        assert run.exit_code == 0, run.log
        assert max(map(len, crm.truth("deal_files").values())) > 50
        assert differences(run, crm, "deal_files") == []


def test_given_an_account_without_meetings_when_read_then_they_alone_are_incomplete() -> None:
    with account(AccountSize(deals=5)) as crm:
        crm.fault("404", path="/meetings", times=None)

        run = Source(crm).read("meetings", "pipelines")

        assert run.outcomes == {"meetings": "INCOMPLETE", "pipelines": "COMPLETE"}
        error = run.error_of("meetings")
        assert error["failure_type"] == "config_error"
        assert "deselect the stream" in error["message"]


def test_given_meetings_of_other_names_and_types_when_read_then_all_of_them_pass() -> None:
    with account(AccountSize(meetings=450)) as crm:

        def renamed(path: str, body: bytes) -> bytes:
            return body.replace(b'"subject":', b'"titulo":').replace(b'"location":"', b'"location":7,"sala":"')

        with altering(crm.base_url, renamed) as url:
            run = Source(crm, api_base_url=url).read("meetings")

        assert run.exit_code == 0, run.log
        assert run.ids("meetings") == crm.ids("meetings")
        records: list[dict[str, Any]] = run.records("meetings")
        assert all("titulo" in record and "subject" not in record for record in records)
        assert {record["location"] for record in records if record.get("sala")} == {"7"}
