"""What is overheard of a run fails the test in which it was printed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from harness import AccountSize, Emulator, account
from output import Line, Run
from overheard import overhear, secrets_of

TINY = AccountSize(contacts=1, deals=1, organizations=1, tasks=1)


def printed(message: dict[str, Any], stderr: str = "") -> Run:
    return Run(lines=[Line(0.0, orjson.dumps(message))], stderr=stderr)


def log(text: str) -> Run:
    return printed({"type": "LOG", "log": {"level": "INFO", "message": text}})


def a_secret(crm: Emulator) -> str:
    return min(secrets_of(crm))


def test_given_secrets_and_people_where_they_belong_when_the_account_ends_then_nothing_fails() -> None:
    with account(TINY) as crm:
        overhear(printed({"type": "RECORD", "record": {"data": {"name": "Ana Exemplo", "email": "ana@people.test"}}}))
        overhear(printed({"type": "CONTROL", "control": {"token": a_secret(crm)}}))
        overhear(log("contacts: 3 records"))


def test_given_people_in_a_log_line_when_the_account_ends_then_the_test_fails() -> None:
    for person in ("ana@people.test", "+5500900000001", "João Inventado"):
        with pytest.raises(AssertionError), account(TINY):
            overhear(log(f"The record of {person} cannot be read."))


def test_given_a_token_in_stderr_when_the_account_ends_then_the_test_fails() -> None:
    with pytest.raises(AssertionError), account(TINY) as crm:
        overhear(printed({"type": "LOG", "log": {}}, stderr=f"token={a_secret(crm)}"))
