"""Characters that nobody sees, in values: they make no second record, and are not sent."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from destination import Destination, mapping, record, sent, state, table, writes
from harness import AccountSize, Emulator, account

TINY = AccountSize(contacts=2, deals=1, organizations=1, tasks=0)
ID = "66f1a2b3c4d5e6f708091001"


@pytest.fixture
def crm() -> Iterator[Emulator]:
    with account(TINY) as running:
        yield running


@pytest.mark.parametrize(
    ("key", "held", "cell"),
    [
        ("email", "ana@people.test", "\u200bana@people.test"),
        ("email", "ana@people.test", "ana@peo\u00adple.test\u200f"),
        ("email", "ana@people.test", "\ufeffANA@people.test\u00a0"),
        ("email", "ana@people.test", "a\u200dna\x00@people.test"),
        ("email", "ana\u200b@people.test", "ana\u200b@people.test"),
        ("name", "Ana\u00a0Souza\u200b", "Ana\u00a0Souza\u200b"),
        ("name", unicodedata.normalize("NFD", "José"), unicodedata.normalize("NFD", "José")),
        ("@cpf", "000.000.000-01\u2060", "000.000.000-01\u2060"),
        ("name", "Ana Souza", "Ana\u200b Souza"),
        ("name", "Ana Souza", "\u2060Ana\u00a0Souza\ufeff"),
        ("name", "José", unicodedata.normalize("NFD", "José")),
        ("name", "👩\u200d💻 Ana", "👩\u200d💻 A\u200dna"),
        ("@cpf", "000.000.000-01", "000.000\u200b.000-01"),
    ],
)
def test_given_invisible_characters_in_a_matching_key_when_upserted_then_it_is_the_same_record(
    crm: Emulator, key: str, held: str, cell: str
) -> None:
    fields: dict[str, dict[str, Any]] = {
        "email": {"emails": [{"email": held}]},
        "@cpf": {"custom_fields": {"cpf": held}},
    }
    record_id = crm.create("contacts", {"name": "Ana", **fields.get(key, {"name": held})})[0]["id"]
    columns = [key, "job_title"]
    row = record("t", **{key: cell, "job_title": "Compras"})

    run = Destination(crm, column_mapping=mapping(**{name: name for name in columns})).write(
        table("t", columns, "append_dedup", key), [row, state("t", 1)]
    )

    assert run.exit_code == 0, run.log
    assert [(request["method"], request["path"].rpartition("/")[2]) for request in writes(crm)] == [("PUT", record_id)]
    assert sent(crm) == [{"job_title": "Compras"}]


def test_given_invisible_characters_in_values_when_created_then_they_are_not_sent_but_for_those_of_pictures(
    crm: Emulator,
) -> None:
    crm.settings(unknown_reference="accept")
    cells = {
        "email": "\u200bana@people.test\u200e",
        "phone": "\u202a+55 11 90000\u00ad-0001\u202c",
        "job_title": "👩\u200d💻 Dev\ufeff",
        "organization_id": f"\ufeff{ID}\u200b",
        "birthday": "\u200e31/01/1990\u200e",
        "linkedin": "ana\u200b",
        "facebook": "\u200b",
    }

    run = Destination(crm).write(table("t", ["name", *cells]), [record("t", name="Ana\u200b", **cells)])

    assert run.exit_code == 0, run.log
    (body,) = sent(crm)
    assert body == {
        "name": "Ana",
        "emails": [{"email": "ana@people.test"}],
        "phones": [{"phone": "+55 11 90000-0001", "type": "mobile"}],
        "job_title": "👩\u200d💻 Dev",
        "organization_id": ID,
        "birthday": "1990-01-31",
        "social_profiles": [{"type": "linkedin", "username": "ana"}],
    }


def test_given_an_id_with_invisible_characters_when_updated_then_it_is_that_record(crm: Emulator) -> None:
    record_id = min(crm.ids("contacts"))
    columns = {"id": "_id", "job": "job_title"}

    run = Destination(crm, column_mapping=mapping(**columns)).write(
        table("t", columns, "append_dedup", "id"), [record("t", id=f"\u200b{record_id}\ufeff", job="Novo cargo")]
    )

    assert run.exit_code == 0, run.log
    assert [request["path"].rpartition("/")[2] for request in writes(crm)] == [record_id]
