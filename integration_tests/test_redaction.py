"""No token, secret, address of a file, e-mail, phone or person's name leaves the connector but in RECORD messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from harness import V1, V2, AccountSize, Emulator, Run, Source, Version, account, for_each_version
from overheard import outside_records, secrets_of

pytestmark = pytest.mark.waits(15)

SIZE = AccountSize(contacts=1_500, deals=80)
FAULTS = ("429", "500", "503", "reset", "truncate", "html_200", "data_null", "missing_id", "401")


def personal_data_of(crm: Emulator) -> set[str]:
    """E-mails, phones, names and other texts of contacts, users and organizations, and what deals are called."""
    contacts, users = crm.truth("contacts"), crm.truth("users")
    found = {row["name"] for row in [*contacts, *users, *crm.truth("organizations"), *crm.truth("deals")]}
    found |= {email["email"] for contact in contacts for email in contact["emails"]}
    found |= {phone["phone"] for contact in contacts for phone in contact["phones"]}
    found |= {file["url"] for files in crm.truth("deal_files").values() for file in files}  # opens without a token
    found |= {user[key] for user in users for key in ("email", "phone") if user[key]}
    found |= {profile["username"] for contact in contacts for profile in contact["social_profiles"]}
    return found


def leaks(run: Run, needles: set[str]) -> set[str]:
    """Which of them were printed."""
    text = outside_records(run)
    return {needle for needle in needles if needle in text}


def schedule_faults(crm: Emulator, path: str, kinds: Iterable[str]) -> None:
    """Each of these now and then."""
    for seed, kind in enumerate(kinds):
        more: dict[str, Any] = {"retry_after": "1"} if kind == "429" else {}
        crm.fault(kind, path=path, times=None, probability=0.015, seed=seed, **more)


@pytest.fixture
def crm() -> Iterator[Emulator]:
    with account(SIZE, access_token_ttl_s=2, latency_s=0.05) as running:
        yield running


@for_each_version
def test_given_faults_churn_and_rotations_when_everything_is_read_then_nothing_personal_is_printed(
    crm: Emulator, monkeypatch: pytest.MonkeyPatch, api: Version
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")  # what is printed without it is among what is printed with it
    # v1 asks no second time after a 401
    schedule_faults(crm, f"{api.root}/", [kind for kind in FAULTS if kind != "401" or api is V2])
    # The sweep of v1's tasks would meet new ones again and again: that is the matter of test_moving.py.
    lists = ["contacts", "deals", "organizations", *(["tasks"] if api is V2 else [])]
    crm.churn(edits_per_s=20, creates_per_s=20, lists=lists, seed=1)
    source = Source(crm, api)

    first = source.read()
    second = source.read(state=first.states)

    crm.stop_churn()
    assert len(first.controls) >= 2 or api is V1
    assert "Making outbound API request" in first.stdout, "the CDK's debug lines are what this is about"
    assert any(name in first.stdout for name in personal_data_of(crm))
    needles = secrets_of(crm) | personal_data_of(crm)
    assert leaks(first, needles) == leaks(second, needles) == set()


@pytest.mark.parametrize(
    ("api", "fault"),
    [
        *((V2, fault) for fault in ("500", "missing_id", "401", "repeat_page")),
        *((V1, fault) for fault in ("missing_id", "401")),
    ],
    ids=str,
)
def test_given_a_fault_that_lasts_when_read_then_the_errors_print_nothing_personal(
    crm: Emulator, api: Version, fault: str
) -> None:
    crm.fault(fault, path=f"{api.root}/contacts", times=None)

    run = Source(crm, api, start_date="2026-01-01").read("contacts", "users")

    assert run.exit_code == 1
    assert run.error_of("contacts")["message"]
    assert leaks(run, secrets_of(crm) | personal_data_of(crm)) == set()


@pytest.mark.parametrize("command", ["check", "discover"])
def test_given_a_refused_refresh_when_run_then_no_secret_is_printed(crm: Emulator, command: str) -> None:
    source = Source(crm)
    secrets = secrets_of(crm)
    crm.expire_access_tokens()
    crm.revoke_refresh_token()

    run: Run = getattr(source, command)()

    assert {needle for needle in secrets if needle in outside_records(run)} == set()
