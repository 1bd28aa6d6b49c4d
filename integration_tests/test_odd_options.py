"""Options that are misspelled or unknown: a warning with the nearest name, and no value, in every command."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from destination import Destination, record, table
from harness import CONVERSAS, VERSIONS, AccountSize, ConversasSize, Run, Source, Version, account, status_of
from servers import closed_port
from truth_conversas import held, told, visits

TINY = AccountSize(contacts=1, deals=1, organizations=1, tasks=0)
TALKS = ConversasSize(contacts=3, messages_per_contact=4, reports=3)
VALUE = "um-valor-8731"
A_LIST = {CONVERSAS: "flows"}
TYPO = {"start_data": VALUE}
MEANT = "`start_data` (perhaps `start_date`)"

each_api = pytest.mark.parametrize("api", [*VERSIONS, CONVERSAS], ids=str)


def warned(run: Run, of: str) -> int:
    """How often a run warns of something; it quotes no value."""
    assert VALUE not in run.stdout + run.stderr
    return sum(of in line for line in run.log_lines("WARN"))


@each_api
def test_given_an_option_that_is_none_when_a_source_runs_then_each_command_warns_once(api: Version) -> None:
    with account(TINY, conversas=TALKS) as crm:
        source = Source(crm, api, **TYPO)
        checked, found, read = source.check(), source.discover(), source.read(A_LIST.get(api, "users"))

    assert status_of(checked)[0] == "SUCCEEDED"
    assert MEANT in status_of(checked)[1]
    assert found.of_type("CATALOG")
    assert read.exit_code == 0, read.log
    assert [warned(run, MEANT) for run in (checked, found, read)] == [2, 1, 1], "check says it in its answer, too"


def test_given_an_option_that_is_none_when_the_destination_runs_then_each_command_warns_once() -> None:
    meant = "`partial_sucess` (perhaps `partial_success`)"
    with account(TINY) as crm:
        destination = Destination(crm, partial_sucess=VALUE)
        checked, found = destination.check(), destination.discover()
        written = destination.write(table("people", ["name"]), [record("people", name="Ana Exemplo")])

    assert status_of(checked)[0] == "SUCCEEDED"
    assert meant in status_of(checked)[1]
    assert found.of_type("DESTINATION_CATALOG")
    assert written.exit_code == 0, written.log
    assert [warned(run, meant) for run in (checked, found, written)] == [2, 1, 1], "likewise"


def test_given_what_airbyte_adds_by_itself_when_checked_then_nothing_is_said() -> None:
    with account(TINY) as crm:
        added: dict[str, Any] = {"__injected_declarative_manifest": {"version": "1"}, "advanced": None, "notes": ""}

        assert status_of(Source(crm, **added).check()) == ("SUCCEEDED", "")


@pytest.mark.parametrize("option", ["channels", "message_types"])
def test_given_a_channel_or_type_that_is_not_known_when_run_then_it_is_asked_for_with_a_warning(option: str) -> None:
    typo, meant = {"channels": ("whatsap", "whatsapp"), "message_types": ("txt", "text")}[option]
    with account(TINY, conversas=TALKS) as crm:
        source = Source(crm, CONVERSAS, **{option: [typo]})
        checked, read = source.check(), source.read("messages")
        asked = visits(crm)

    sentence = f"`{option}` holds names that this connector does not know. Did you mean `{meant}`? Known are "
    assert status_of(checked)[0] == "SUCCEEDED"
    assert sentence in status_of(checked)[1]
    assert [warned(run, sentence) for run in (checked, read)] == [2, 1], "check says it in its answer, too"
    assert read.records("messages") == []
    parameter = {"channels": "channel", "message_types": "type"}[option]
    assert {request["query"][parameter] for request in asked} == {typo}


def test_given_channels_as_people_write_them_when_read_then_they_are_known() -> None:
    every = {"channels": ["WhatsApp", "Instagram", "e-mail", "Telegram", "Messenger", "MegaSac", "Email"]}
    with account(TINY, conversas=TALKS) as crm:
        read = Source(crm, CONVERSAS, **every).read("messages")

        assert told(read) == held(crm)
        assert warned(read, "`channels` holds names that this connector does not know. Did you mean `email`?") == 1


@pytest.mark.parametrize("command", ["check", "read"])
def test_given_a_sender_that_does_not_exist_when_run_then_a_config_error_before_any_request(command: str) -> None:
    with account(TINY, conversas=TALKS) as crm:
        source = Source(crm, CONVERSAS, senders=["operador"])

        run = source.check() if command == "check" else source.read("messages")

        told_as = [status_of(run)[1]] if command == "check" else [error["message"] for error in run.errors]
        assert told_as == ["The configuration is not valid: `senders` must be 'bot', 'customer' or 'operator'."]
        assert crm.requests() == []


@each_api
def test_given_a_start_date_as_brazilians_write_it_or_none_when_run_then_it_is_taken(api: Version) -> None:
    with account(TINY, conversas=TALKS) as crm:
        assert status_of(Source(crm, api, start_date="31/01/2024").check())[0] == "SUCCEEDED"
        assert status_of(Source(crm, api, start_date="", num_workers="").check())[0] == "SUCCEEDED"


@each_api
def test_given_a_port_at_which_nothing_listens_when_checked_then_the_address_is_named(api: Version) -> None:
    nowhere = closed_port()
    with account(TINY, conversas=TALKS) as crm:
        run = Source(crm, api, api_base_url=nowhere).check()

        assert f"nothing answers at {urlsplit(nowhere).netloc}." in status_of(run)[1]
