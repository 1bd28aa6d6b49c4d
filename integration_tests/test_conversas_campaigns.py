"""Campaigns of Conversas: each with its detail, however the list is paged, and whatever becomes of a single detail."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from jsonschema import Draft7Validator

from harness import CONVERSAS, ConversasSize, Emulator, Run, Source, account, discovered
from test_kill import after_lines
from test_schemas import FORMATS

SIZE = ConversasSize(contacts=3, messages_per_contact=1, reports=3, campaigns=70)
OF_THE_DETAIL = ("template", "total_customers", "stats", "segmentation")
LIST = CONVERSAS.path("campaigns")
VARIANTS: dict[str, dict[str, Any]] = {
    "paged": {},
    "one-answer": {"conversas_campaigns_paged": False},
    "has-more-for-ever": {"conversas_campaigns_has_more": "always"},
    "has-more-for-ever-in-one-answer": {
        "conversas_campaigns_has_more": "always",
        "conversas_campaigns_paged": False,
    },
    "without-has-more": {"conversas_campaigns_has_more": "absent"},
    "without-has-more-and-total": {
        "conversas_campaigns_has_more": "absent",
        "conversas_campaigns_total": False,
    },
    "without-total": {"conversas_campaigns_total": False},
    "page-is-ignored": {"conversas_ignore_page": ["campaigns"]},
    "page-is-ignored-without-total": {"conversas_ignore_page": ["campaigns"], "conversas_campaigns_total": False},
    "thirty-days-at-most": {"conversas_campaigns_range": 30},
    "detail-in-data": {"conversas_campaign_envelope": "data"},
    "list-in-data": {"conversas_envelope": "data", "conversas_envelope_lists": ["campaigns"]},
    "list-nested": {"conversas_envelope": "nested", "conversas_envelope_lists": ["campaigns"]},
    "days-are-ignored": {"conversas_campaigns_days": "ignored"},
    "days-in-utc": {"conversas_day_tz": "UTC"},
    "flaky": {"conversas_campaign_flaky": 30},
}


def details(crm: Emulator) -> list[tuple[str, int]]:
    """The requests for single campaigns: path and status."""
    return [
        (request["path"], request["status"]) for request in crm.requests() if request["path"].startswith(f"{LIST}/")
    ]


def add_a_busy_month(crm: Emulator) -> None:
    """More campaigns than a page has, in a window, in a week and within a day of it."""
    for day in range(1, 29):
        crm.conversas_create("campaigns", count=2, at=f"2026-08-{day:02}T15:00:00Z")
    crm.conversas_create("campaigns", count=20, at="2026-08-15T18:00:00Z")


def assert_complete(run: Run, crm: Emulator) -> None:
    assert run.exit_code == 0, run.log
    truth = {row["id"]: row for row in crm.conversas_truth("campaign_details")}
    records = run.records("campaigns")
    assert {record["id"]: record for record in records} == truth
    assert len(records) == len(truth)
    validator = Draft7Validator(discovered(CONVERSAS)["campaigns"]["json_schema"], format_checker=FORMATS)
    assert {f"{e.json_path}: {e.message}" for record in records for e in validator.iter_errors(record)} == set()


@pytest.mark.parametrize("name", VARIANTS)
def test_given_a_way_of_paging_when_read_then_every_campaign_comes_once_with_its_detail(name: str) -> None:
    with account(conversas=SIZE, **VARIANTS[name]) as crm:
        add_a_busy_month(crm)

        run = Source(crm, CONVERSAS).read("campaigns")

        assert_complete(run, crm)
        assert run.log_lines("WARN") == []
        assert len([status for _, status in details(crm) if status == 200]) == len(run.records("campaigns"))


@pytest.mark.parametrize("counted", [True, False])
def test_given_a_day_with_more_campaigns_than_are_shown_when_read_then_what_is_missing_is_said(counted: bool) -> None:
    hiding: dict[str, Any] = {"conversas_ignore_page": ["campaigns"], "conversas_campaigns_total": counted}
    with account(conversas=ConversasSize(campaigns=0), **hiding) as crm:
        crm.conversas_create("campaigns", count=40, at="2026-08-15T18:00:00Z")
        crm.conversas_create("campaigns", count=20, at="2026-08-16T18:00:00Z")

        run = Source(crm, CONVERSAS).read("campaigns")

        assert run.exit_code == 0, run.log
        assert len(run.ids("campaigns")) == 25 + 20
        (line,) = run.log_lines("WARN")
        assert ("counts 60 records and showed 45" if counted else "does not say how many") in line


def test_given_a_list_that_looks_at_neither_days_nor_page_when_read_then_it_ends_and_what_is_missing_is_said() -> None:
    hiding: dict[str, Any] = {"conversas_ignore_page": ["campaigns"], "conversas_campaigns_days": "ignored"}
    with account(conversas=SIZE, **hiding) as crm:
        run = Source(crm, CONVERSAS).read("campaigns")

        assert run.exit_code == 0, run.log
        assert len(run.ids("campaigns")) == 25
        (line,) = run.log_lines("WARN")
        assert "counts 70 records and showed 25" in line
        assert len(crm.requests()) < 200


@pytest.mark.waits(10)
def test_given_details_that_cannot_be_had_when_read_then_their_columns_are_null_and_the_others_are_whole() -> None:
    with account(conversas=SIZE, conversas_campaign_broken=True) as crm:
        run = Source(crm, CONVERSAS).read("campaigns")

        assert run.exit_code == 0, run.log
        lost = crm.conversas_ids("campaigns_broken") | crm.conversas_ids("campaigns_gone")
        listed = {row["id"]: row for row in crm.conversas_truth("campaigns")}
        truth = {row["id"]: row for row in crm.conversas_truth("campaign_details")}
        expected = {
            id_: {**listed[id_], **dict.fromkeys(OF_THE_DETAIL)} if id_ in lost else row for id_, row in truth.items()
        }
        assert {record["id"]: record for record in run.records("campaigns")} == expected
        (line,) = run.log_lines("WARN")
        assert "The details of 2 of 70 campaigns" in line
        assert "an internal error (500); not found (404)" in line
        assert {id_ for id_ in listed if id_ in line} == set()


def test_given_a_plan_without_details_when_read_then_the_list_comes_and_they_are_asked_for_once() -> None:
    with account(conversas=SIZE, conversas_plan="403", conversas_plan_lists=["campaign"]) as crm:
        run = Source(crm, CONVERSAS).read("campaigns")

        assert run.exit_code == 0, run.log
        assert run.ids("campaigns") == crm.conversas_ids("campaigns")
        assert [status for _, status in details(crm)] == [403]
        (line,) = run.log_lines("WARN")
        assert "The details of 70 of 70 campaigns" in line
        assert "plan" in line


def test_given_no_address_of_details_when_read_then_ten_are_asked_for() -> None:
    with account(conversas=SIZE, conversas_plan="404", conversas_plan_lists=["campaign"]) as crm:
        run = Source(crm, CONVERSAS).read("campaigns")

        assert run.exit_code == 0, run.log
        assert run.ids("campaigns") == crm.conversas_ids("campaigns")
        assert [status for _, status in details(crm)] == [404] * 10


@pytest.mark.parametrize("status", ["401", "402", "403", "404"])
def test_given_an_account_without_campaigns_when_read_then_they_alone_are_incomplete(status: str) -> None:
    with account(conversas=SIZE, conversas_plan=status, conversas_plan_lists=["campaigns"]) as crm:
        run = Source(crm, CONVERSAS).read("campaigns", "reports", "flows")

        assert run.exit_code == 1
        assert run.outcomes == {"campaigns": "INCOMPLETE", "reports": "COMPLETE", "flows": "COMPLETE"}
        error = run.error_of("campaigns")
        assert error["failure_type"] == "config_error"
        assert "campaigns" in error["message"]
        assert "eselect" in error["message"]
        assert run.ids("reports") == crm.conversas_ids("reports")


@pytest.mark.parametrize(("more", "days"), [({}, 30), ({"campaigns_lookback_days": 60}, 60)], ids=["30", "60"])
def test_given_a_start_date_when_read_then_campaigns_of_the_days_before_it_come_too(
    more: dict[str, int], days: int
) -> None:
    with account(conversas=ConversasSize(campaigns=0)) as crm:
        start = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
        made = {
            back: crm.conversas_create("campaigns", at=(start - timedelta(days=back)).isoformat())[0]["id"]
            for back in (0, 20, 40, 70)
        }

        run = Source(crm, CONVERSAS, start_date="2026-07-01", **more).read("campaigns")

        assert run.ids("campaigns") == {id_ for back, id_ in made.items() if back < days}


def test_given_figures_that_move_when_read_again_then_the_new_ones_come() -> None:
    with account(conversas=SIZE) as crm:
        source = Source(crm, CONVERSAS)
        first = source.read("campaigns")
        stats = {"success": 9, "read": 8, "error": 1}
        for id_ in sorted(crm.conversas_ids("campaigns"))[::20]:
            crm.conversas_edit("campaigns", id_, stats=stats)

        again = source.read("campaigns", state=first.states)

        assert_complete(again, crm)
        assert stats in [record["stats"] for record in again.records("campaigns")]


def test_given_a_kill_when_read_again_then_all_campaigns_come() -> None:
    with account(conversas=SIZE) as crm:
        source = Source(crm, CONVERSAS, requests_per_minute=3_000)
        killed = source.read("campaigns", kill_when=after_lines(40))

        again = source.read("campaigns", state=killed.states)

        assert 0 < len(killed.records("campaigns")) < 70
        assert_complete(again, crm)
