"""`check` proves that rows could be written, leaves nothing behind, and answers within a minute whatever happens."""

from __future__ import annotations

from typing import Any

import pytest

from destination import Destination, mapping, table, writes
from harness import AccountSize, account
from servers import closed_port, stranger

TINY = AccountSize(contacts=3, deals=3, organizations=3, tasks=0)
MODES = ("contacts", "deals", "organizations")


def status(run: Any) -> tuple[str, str]:
    (found,) = run.of_type("CONNECTION_STATUS")
    return found["status"], found.get("message") or ""


@pytest.mark.parametrize("mode", MODES)
def test_given_a_good_configuration_when_checked_then_it_succeeds_and_nothing_changes(mode: str, tmp_path: Any) -> None:
    with account(TINY) as crm:
        before = {name: crm.truth(name) for name in MODES}
        storage = {"storage_type": "Local", "folder": str(tmp_path)}
        destination = Destination(
            crm, mode=mode, object_storage_config=storage, results_path=str(tmp_path / "results.jsonl")
        )

        run = destination.check()

        assert status(run) == ("SUCCEEDED", "")
        assert {name: crm.truth(name) for name in MODES} == before
        assert [(request["method"], request["status"]) for request in writes(crm)] == [("PUT", 404)]
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", MODES)
def test_given_an_object_that_may_not_be_written_when_checked_then_it_fails(mode: str) -> None:
    with account(TINY, forbidden=[mode]) as crm:
        found, message = status(Destination(crm, mode=mode).check())

        assert found == "FAILED"
        assert "403" in message


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        pytest.param({"name": "name", "since": "@cliente_desde"}, "`@cliente-desde`", id="unknown-slug"),
        pytest.param({"name": "nmae"}, "`name`", id="unknown-field"),
        pytest.param({"first": "name", "last": "name"}, "`last`", id="field-mapped-twice"),
    ],
)
def test_given_a_mapping_that_can_fit_no_table_when_checked_then_the_culprit_is_named(
    fields: dict[str, str], named: str
) -> None:
    with account(TINY) as crm:
        found, message = status(Destination(crm, column_mapping=mapping(**fields)).check())

        assert found == "FAILED"
        assert named in message


def test_given_custom_fields_in_the_form_of_the_published_samples_when_checked_then_it_succeeds() -> None:
    with account(TINY, custom_fields_swapped=True) as crm:
        assert status(Destination(crm).check()) == ("SUCCEEDED", "")


def test_given_tokens_that_have_expired_when_checked_then_the_new_ones_are_handed_over() -> None:
    with account(TINY) as crm:
        crm.expire_access_tokens()
        destination = Destination(crm, partial_success=True)

        first, second = destination.check(), destination.check()

        assert status(first)[0] == status(second)[0] == "SUCCEEDED"
        assert len(first.controls) == 1
        assert first.controls[0][1]["partial_success"] is True


def test_given_revoked_tokens_when_run_then_each_command_says_to_authorize_again() -> None:
    with account(TINY) as crm:
        crm.expire_access_tokens()
        crm.revoke_refresh_token()
        destination = Destination(crm, column_mapping=mapping(name="name", cpf="@cpf"))

        found, message = status(destination.check())
        written = destination.write(table("people", ["name", "cpf"]), [])

        assert found == "FAILED"
        assert "Authorize the connection again" in message
        assert [error["failure_type"] for error in written.errors] == ["config_error"]


def test_given_a_port_at_which_nothing_listens_when_checked_then_it_answers_in_time() -> None:
    with account(TINY) as crm:
        run = Destination(crm, api_base_url=closed_port()).check()

        assert status(run)[0] == "FAILED"
        assert run.seconds < 60


def test_given_a_host_that_is_not_rd_station_when_checked_then_it_says_to_look_at_the_address() -> None:
    with account(TINY) as crm, stranger(200, "<html>Bem-vindo</html>") as host:
        found, message = status(Destination(crm, api_base_url=host.url).check())

        assert found == "FAILED"
        assert "Check the API base URL" in message


def test_given_an_account_when_discovered_then_every_object_has_its_operations() -> None:
    with account(TINY) as crm:
        run = Destination(crm).discover()

        assert run.exit_code == 0, run.log
        (message,) = [each for each in run.messages if each["type"] == "DESTINATION_CATALOG"]
        operations = message["destination_catalog"]["operations"]
        assert {(each["object_name"], each["sync_mode"]) for each in operations} == {
            (name, mode)
            for name in ("contact", "deal", "organization")
            for mode in ("append", "append_dedup", "update")
        }
