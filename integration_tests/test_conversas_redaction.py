"""No message text, phone, e-mail, name, token or part of a key leaves the Conversas source but in RECORD messages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import CONVERSAS, ConversasSize, Emulator, Run, Source, account
from overheard import outside_records, secrets_of
from test_redaction import leaks, schedule_faults
from truth_conversas import DAILY, RECORDS

pytestmark = pytest.mark.waits(20)

SIZE = ConversasSize(contacts=40, messages_per_contact=30, reports=120)
FAULTS = ("429", "500", "503", "reset", "truncate", "html_200")
SHORTEST = 9  # letters; shorter texts ("ok") and names stand in any log by chance


def personal_data_of(crm: Emulator) -> set[str]:
    """Who the contacts and employees are, and what was written, before and after the low-byte cut."""
    contacts, employees = crm.conversas_truth("customers"), crm.conversas_truth("employees")
    people = {row.get(key) for row in contacts for key in ("full_name", "email", "cel_phone", "cpf")}
    people |= {row.get(key) for row in employees for key in ("name", "email")}
    texts = {row[key].replace("\0", "") for row in crm.conversas_truth("messages") for key in ("content", "cut")}
    texts.add("Servi\xe7o em manuten\xe7\xe3o")  # what pages hold that are no JSON
    found = {text for text in people | texts if text and len(text) >= SHORTEST}
    return found | {json.dumps(text)[1:-1] for text in found}


@pytest.fixture(autouse=True)
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed without debug lines is among what is printed with them."""
    monkeypatch.setenv("LOG_LEVEL", "debug")


def assert_discreet(run: Run, crm: Emulator) -> None:
    assert "Making outbound API request" in run.stdout, "the CDK's debug lines are what this is about"
    assert leaks(run, secrets_of(crm) | personal_data_of(crm)) == set()


def test_given_faults_when_everything_is_read_then_nothing_personal_is_printed() -> None:
    with account(conversas=SIZE) as crm:
        schedule_faults(crm, "^/v[124]/", FAULTS)

        run = Source(crm, CONVERSAS).read(*RECORDS)

        assert run.exit_code == 0, run.log
        assert any(name in run.stdout for name in personal_data_of(crm))
        assert_discreet(run, crm)


def test_given_faults_when_figures_are_read_then_nothing_personal_is_printed() -> None:
    odd: dict[str, Any] = {
        "conversas_analytics_unit": "days",
        "conversas_campaign_broken": True,
        "conversas_analytics_times": "refused",
    }
    with account(conversas=SIZE, **odd) as crm:
        schedule_faults(crm, "^/v1/", FAULTS)

        run = Source(crm, CONVERSAS, start_date="2026-08-20", analytics_by_department=True).read(*DAILY, "campaigns")

        assert run.exit_code == 0, run.log
        assert run.log_lines("WARN")
        assert_discreet(run, crm)


def test_given_what_lasts_when_everything_is_read_then_warnings_and_errors_print_nothing_personal() -> None:
    with account(
        conversas=SIZE,
        conversas_kid="share",
        conversas_malformed="no_json",
        conversas_gone=2,
        conversas_envelope="unreadable",
        conversas_envelope_lists=["flows", "reports"],
    ) as crm:
        writers = sorted({row["customer_id"] for row in crm.conversas_truth("messages")})
        crm.fault("500", path="/messages/history$", query=f"customer_id={writers[5]}", times=None)
        crm.fault("html_200", path="/messages/history$", query=f"customer_id={writers[9]}", times=None)
        crm.fault("missing_id", path="/employees$", times=None)

        run = Source(crm, CONVERSAS).read(*RECORDS)

        assert run.exit_code == 1
        failed = {stream for stream, outcome in run.outcomes.items() if outcome == "INCOMPLETE"}
        assert failed == {"messages", "messages_history", "employees", "reports", "flows"}
        assert run.log_lines("WARN")
        assert_discreet(run, crm)


def test_given_a_key_and_a_token_that_do_not_work_when_run_then_neither_is_printed() -> None:
    with account(conversas=SIZE) as crm:
        source = Source(crm, CONVERSAS)
        key = source.config["private_key_jwk"]
        source.config["private_key_jwk"] = key.replace('"n":"', '"n":"AAAA')
        crm.settings(conversas_token="revoked")

        checked = source.check()
        source.config["private_key_jwk"] = key
        refused = source.read("contacts", "messages")

        for run in (checked, refused):
            assert {needle for needle in secrets_of(crm) if needle in outside_records(run)} == set()
        assert {error["failure_type"] for error in refused.errors} == {"config_error"}
