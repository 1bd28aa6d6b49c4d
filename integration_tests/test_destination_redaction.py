"""No value of a row, no token and no secret is printed, but in the STATE and CONTROL lines that are made of them."""

from __future__ import annotations

from typing import Any

import pytest

from destination import Destination, mapping, record, state, table, values_in
from harness import AccountSize, account

pytestmark = pytest.mark.waits(30)

PEOPLE = {
    "full_name": "name",
    "contact_email": "email",
    "phone_number": "phone",
    "cpf": "@cpf",
    "org": "organization_id",
}
FAULTS = ("429", "500", "503", "reset", "truncate", "html_200", "data_null", "drop_after_write", "401")


@pytest.mark.parametrize(
    "partial_success",
    [pytest.param(True, id="rejects-kept"), pytest.param(False, id="rejects-fail", marks=pytest.mark.long)],
)
def test_given_faults_and_rejects_when_written_then_nothing_of_the_rows_is_printed(
    partial_success: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")  # what is printed without it is among what is printed with it
    with account(AccountSize(contacts=3, deals=1, organizations=3, tasks=0)) as crm:
        for seed, kind in enumerate(FAULTS):
            more: dict[str, Any] = {"retry_after": "1"} if kind == "429" else {}
            crm.fault(kind, path="/crm/v2/contacts", times=None, probability=0.03, seed=seed, **more)
        rows = [
            {
                "full_name": f"Fulana de Tal {number}",
                "contact_email": f"fulana.{number}" if number % 9 == 8 else f"fulana.{number}@segredo.test",
                "phone_number": f"+55 11 9{number:04}-7777",
                "cpf": "repetido-123" if number % 5 == 4 else f"cpf-de-{number}",
                "org": f"{number:024x}" if number % 7 == 6 else None,
            }
            for number in range(60)
        ]
        storage = {"storage_type": "Local", "folder": str(tmp_path)}
        destination = Destination(
            crm, column_mapping=mapping(**PEOPLE), partial_success=partial_success, object_storage_config=storage
        )
        messages = [record("people", **row) for row in rows]

        run = destination.write(
            table("people", PEOPLE, "append_dedup", "contact_email"), [*messages, state("people", 1)]
        )

        secrets = {str(crm.oauth()["credentials"][name]) for name in ("client_secret", "refresh_token", "access_token")}
        cells = {str(cell) for row in rows for cell in row.values() if cell is not None}
        assert run.exit_code == (0 if partial_success else 1), run.log
        assert bool(run.log_lines("WARN"))
        assert values_in(run, cells | secrets | {"segredo.test", "segredo%2Etest"}) == set()
