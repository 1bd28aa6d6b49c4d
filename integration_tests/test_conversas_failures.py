"""What goes wrong with RD Station Conversas: what passes costs nothing, what lasts is named and stops nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from harness import CONVERSAS, ConversasSize, Source, account, often
from test_faults import assert_clear
from truth_conversas import LISTS, RECORDS, held, missing, told, told_in_pages, visits

pytestmark = pytest.mark.waits(15)

SIZE = ConversasSize(contacts=20, messages_per_contact=10, reports=60)
HISTORY = ("messages", "messages_history")


def test_given_contacts_that_are_gone_when_their_history_is_asked_for_then_they_are_skipped_and_counted() -> None:
    with account(conversas=SIZE, conversas_gone=3) as crm:
        run = Source(crm, CONVERSAS).read(*HISTORY)

        assert run.exit_code == 0, run.log
        assert run.outcomes == dict.fromkeys(HISTORY, "COMPLETE")
        assert missing(run, crm, *HISTORY) == set()
        told_of = [line for line in run.log_lines("INFO") if "3 contacts are gone" in line]
        assert {line.partition(":")[0] for line in told_of} == set(HISTORY)
        assert len(told_of) == len(HISTORY)


def test_given_contacts_that_are_all_gone_when_read_then_the_address_is_doubted() -> None:
    with account(conversas=SIZE, conversas_gone=20) as crm:
        run = Source(crm, CONVERSAS).read("messages")

        assert run.exit_code == 1
        assert run.error_of("messages")["failure_type"] == "config_error"
        assert "API base URL" in run.error_of("messages")["message"]


@pytest.mark.parametrize("kind", ["500", pytest.param("html_200", marks=pytest.mark.long)])
def test_given_one_contact_whose_history_fails_when_read_then_the_others_arrive_and_the_next_sync_reads_it(
    kind: str,
) -> None:
    with account(conversas=SIZE) as crm:
        writers = sorted({row["customer_id"] for row in crm.conversas_truth("messages")})
        failing = writers[len(writers) // 2]
        crm.fault(kind, path="/messages/history$", query=f"customer_id={failing}", times=None)
        source = Source(crm, CONVERSAS)

        run = source.read("contacts", *HISTORY)

        assert run.exit_code == 1
        assert run.outcomes == {"contacts": "COMPLETE", **dict.fromkeys(HISTORY, "INCOMPLETE")}
        assert told(run) == told_in_pages(run) == held(crm, without=[failing])
        for stream in HISTORY:
            error = run.error_of(stream)
            assert_clear(error)
            assert "1 of 20 contacts" in error["message"]
            assert failing not in error["message"]
        # What was written before the failed sync, to the others too, comes at most once more.
        crm.clear_faults()
        again = source.read("messages", state=run.states)
        assert again.exit_code == 0, again.log
        assert told(run) | told(again) == held(crm)
        assert {said for said in told(again) if said[0] == failing} == {
            said for said in held(crm) if said[0] == failing
        }


@pytest.mark.parametrize("plan", ["401", "403", pytest.param("402", marks=pytest.mark.long)])
def test_given_a_plan_without_message_history_when_all_is_read_then_only_it_fails(plan: str) -> None:
    with account(conversas=ConversasSize(contacts=80, messages_per_contact=10), conversas_plan=plan) as crm:
        run = Source(crm, CONVERSAS).read(*RECORDS)

        assert run.exit_code == 1
        assert run.outcomes == {**dict.fromkeys(LISTS, "COMPLETE"), **dict.fromkeys(HISTORY, "INCOMPLETE")}
        assert missing(run, crm, *LISTS) == set()
        for stream in HISTORY:
            assert run.error_of(stream)["failure_type"] == "config_error"
            assert stream in run.error_of(stream)["message"]
            assert "plan" in run.error_of(stream)["message"]
        assert len(visits(crm)) < 80, "every contact was asked for what the plan does not include"


def test_given_a_token_that_was_replaced_when_the_history_is_read_then_the_token_is_named_and_not_the_plan() -> None:
    with account(conversas=SIZE) as crm:
        crm.fault("401", path="/(employees|messages/history)$", times=None)

        run = Source(crm, CONVERSAS).read("messages")

        assert run.error_of("messages")["failure_type"] == "config_error"
        assert "token" in run.error_of("messages")["message"]
        assert "plan" not in run.error_of("messages")["message"]


def test_given_a_plan_without_reports_when_all_is_read_then_only_they_fail() -> None:
    with account(conversas=SIZE, conversas_plan="403", conversas_plan_lists=["reports", "flows"]) as crm:
        run = Source(crm, CONVERSAS).read(*RECORDS)

        assert run.exit_code == 1
        assert {stream for stream, outcome in run.outcomes.items() if outcome != "COMPLETE"} == {"reports", "flows"}
        for stream in ("reports", "flows"):
            assert run.error_of(stream)["failure_type"] == "config_error"
            assert stream in run.error_of(stream)["message"]
        assert missing(run, crm, *RECORDS) == {"reports", "flows"}


TROUBLE: dict[str, dict[str, Any]] = {
    "flaky": {"conversas_flaky": 6},
    # The connector runs into the bucket again and again, as if other integrations used it up.
    "429-silent-json": {"conversas_retry_after": "absent", "conversas_429_body": "json"},
    "429-silent-text": {"conversas_retry_after": "absent", "conversas_429_body": "text"},
    "429-seconds-json": {"conversas_retry_after": "seconds", "conversas_429_body": "json"},
    "429-seconds-text": {"conversas_retry_after": "seconds", "conversas_429_body": "text"},
}
TWINS = {"429-silent-text", "429-seconds-json"}


@pytest.mark.parametrize("name", often(TROUBLE, long=TWINS))
def test_given_refusals_that_pass_when_all_is_read_then_it_is_complete(name: str) -> None:
    settings = dict(TROUBLE[name])
    if name.startswith("429"):
        settings |= {"conversas_bucket_burst": 30, "conversas_bucket_per_minute": 960}
    with account(conversas=SIZE, **settings) as crm:
        run = Source(crm, CONVERSAS).read(*RECORDS)

        assert run.exit_code == 0, run.log
        assert missing(run, crm, *RECORDS) == set()
        assert {request["status"] for request in crm.requests()} == {200, 500 if name == "flaky" else 429}


def test_given_an_envelope_that_cannot_be_read_when_read_then_an_error_names_its_keys_and_the_others_are_complete() -> (
    None
):
    with account(conversas=SIZE, conversas_envelope="unreadable", conversas_envelope_lists=["custom_fields"]) as crm:
        run = Source(crm, CONVERSAS).read(*LISTS)

        assert run.exit_code == 1
        assert run.outcomes == {**dict.fromkeys(LISTS, "COMPLETE"), "custom_fields": "INCOMPLETE"}
        error = run.error_of("custom_fields")
        assert_clear(error)
        assert "['a', 'b', 'status']" in error["message"]
        assert missing(run, crm, *LISTS) == {"custom_fields"}
