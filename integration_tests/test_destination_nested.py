"""Lists and objects in cells, as JSON text or as themselves: read where a field takes them, never sent as text."""

from __future__ import annotations

from typing import Any

import pytest

from destination import Destination, record, sent, shared_account, state, table, writes
from harness import Emulator

ID = "66f1a2b3c4d5e6f708091001"
OTHER = "66f1a2b3c4d5e6f708091002"


shared, crm = shared_account(unknown_reference="accept")


def written(crm: Emulator, mode: str, rows: list[dict[str, Any]]) -> list[Any]:
    """Creates a record of each row: what was sent of it but its name, or the line that says why it is rejected."""
    crm.clear_requests()
    fixed = {"owner_id": min(crm.ids("users"))} if mode == "deals" else {}
    messages = [record("t", name=f"Nome {number}", **fixed, **cells) for number, cells in enumerate(rows, 1)]
    columns = dict.fromkeys(["name", *fixed, *(column for cells in rows for column in cells)])

    run = Destination(crm, mode=mode, partial_success=True).write(
        table("t", columns), [*messages, state("t", len(rows))]
    )

    assert run.exit_code == 0, run.log
    found: dict[str, Any] = {line.split(",")[0]: line for line in run.log_lines("WARN")}
    for body in sent(crm):
        left_out = ("name", "owner_id", "status")
        found[f"t: row {body['name'].split()[1]}"] = {key: body[key] for key in body if key not in left_out}
    return [found[f"t: row {number}"] for number in range(1, len(rows) + 1)]


NESTED: list[tuple[str, str, Any, Any]] = [
    ("organizations", "address", '{"line":"Rua A, 10","latitude":"-23.5"}',
     {"address": {"line": "Rua A, 10", "latitude": "-23.5"}}),
    ("organizations", "address", ' {"line": "Rua A, 10", "latitude": -23.5, "longitude": null} ',
     {"address": {"line": "Rua A, 10", "latitude": "-23.5"}}),
    ("organizations", "address", "{}", {}),
    ("organizations", "address", "null", {}),
    ("organizations", "address", '{"line": null}', {}),
    ("organizations", "address", "[Fundos] Rua A, 10", {"address": {"line": "[Fundos] Rua A, 10"}}),
    ("organizations", "segment_ids", f'["{ID}", "{OTHER}"]', {"segment_ids": [ID, OTHER]}),
    ("organizations", "segment_ids", "[]", {}),
    ("contacts", "phone", '[{"phone":"+55 11 90000-0001","type":"work"},{"phone":"+55 11 90000-0002","type":null}]',
     {"phones": [{"phone": "+55 11 90000-0001", "type": "work"}, {"phone": "+55 11 90000-0002", "type": "mobile"}]}),
    ("contacts", "phone", [{"phone": "+55 11 90000-0001", "type": "home"}],
     {"phones": [{"phone": "+55 11 90000-0001", "type": "home"}]}),
    ("contacts", "phone", '["+55 11 90000-0001"]', {"phones": [{"phone": "+55 11 90000-0001", "type": "mobile"}]}),
    ("contacts", "phone", '"[{\\"phone\\":\\"+55 11 90000-0001\\"}]"',
     {"phones": [{"phone": "+55 11 90000-0001", "type": "mobile"}]}),
    ("contacts", "phone", '[{"phone":null,"type":"work"},{"phone":"+55 11 90000-0001","type":"home"}]',
     {"phones": [{"phone": "+55 11 90000-0001", "type": "home"}]}),
    ("contacts", "phone", '[{"phone":"","type":"work"}]', {}),
    ("contacts", "phone", "[11] 90000-0001", {"phones": [{"phone": "[11] 90000-0001", "type": "mobile"}]}),
    ("contacts", "phone", "[]", {}),
    ("contacts", "email", '[{"email":"a@people.test"},{"email":"b@people.test"},{"email":"A@people.test"}]',
     {"emails": [{"email": "a@people.test"}, {"email": "b@people.test"}]}),
    ("contacts", "email", '{"email":"a@people.test"}', {"emails": [{"email": "a@people.test"}]}),
    ("contacts", "email", ["a@people.test", None], {"emails": [{"email": "a@people.test"}]}),
    ("contacts", "email", "[{}]", {}),
    ("contacts", "linkedin", '[{"type":"facebook","username":"b"},{"type":"linkedin","username":"a"}]',
     {"social_profiles": [{"type": "linkedin", "username": "a"}]}),
    ("contacts", "facebook", '[{"type":"linkedin","username":"a"}]', {}),
    ("contacts", "job_title", '["Compras"]', {"job_title": '["Compras"]'}),
    ("contacts", "@interesses", '["Preço","Prazo"]', {"custom_fields": {"interesses": ["Preço", "Prazo"]}}),
    ("contacts", "@interesses", "[]", {}),
    ("contacts", "@interesses", "Preço, Prazo", {"custom_fields": {"interesses": ["Preço", "Prazo"]}}),
    ("deals", "contact_id", f'["{ID}"]', {"contact_ids": [ID]}),
    ("deals", "contact_id", "[]", {}),
]  # fmt: skip


@pytest.mark.parametrize("mode", ["organizations", "contacts", "deals"])
def test_given_a_list_or_object_as_json_text_when_written_then_the_field_that_takes_one_reads_it(
    crm: Emulator, mode: str
) -> None:
    cases = [(column, cell, expected) for of, column, cell, expected in NESTED if of == mode]

    assert written(crm, mode, [{column: cell} for column, cell, _ in cases]) == [expected for *_, expected in cases]


WRONG: list[tuple[str, str, str]] = [
    ("organizations", "address", '{"line":"Rua A'),
    ("organizations", "address", "{'line': 'Rua A'}"),
    ("organizations", "address", '["Rua A"]'),
    ("organizations", "address", '{"street":"Rua A"}'),
    ("organizations", "address", '{"line":{"line":"Rua A"}}'),
    ("organizations", "address", '{"line":"{\\"line\\":\\"Rua A\\"}"}'),
    ("organizations", "segment_ids", f'["{ID}"'),
    ("organizations", "phone", '[{"phone":"1"}]'),
    ("organizations", "website", '{"url":"https://a.test"}'),
    ("contacts", "phone", '[{"phone":"+55'),
    ("contacts", "phone", '{"type":"work"}'),
    ("contacts", "phone", '[["1"]]'),
    ("contacts", "email", '[{"email":"a@people.test"'),
    ("contacts", "email", '[{"mail":"a@people.test"}]'),
    ("contacts", "email", "[a@people.test]"),
    ("contacts", "linkedin", '["ana"]'),
    ("contacts", "facebook", '[{"type":"facebook","username":["ana"]}]'),
    ("contacts", "organization_id", f'["{ID}"]'),
    ("contacts", "@interesses", '["Preço"'),
    ("contacts", "@interesses", '{"Preço":true}'),
    ("contacts", "@faixa-de-compra", '["1"]'),
    ("deals", "contact_id", f'[{{"id":"{ID}"'),
    ("deals", "contact_id", '[["a"]]'),
]


@pytest.mark.parametrize("mode", ["organizations", "contacts", "deals"])
def test_given_json_text_that_cannot_be_what_the_field_needs_when_written_then_the_row_is_rejected_with_a_sentence(
    crm: Emulator, mode: str
) -> None:
    cases = [(column, cell) for of, column, cell in WRONG if of == mode]

    lines = written(crm, mode, [{column: cell} for column, cell in cases])

    beginnings = [f"t: row {number}, column {column}: " for number, (column, _) in enumerate(cases, 1)]
    assert [line for line, begin in zip(lines, beginnings, strict=True) if not str(line).startswith(begin)] == []
    assert [line for line in lines if "Rua" in line or "people.test" in line] == []


def test_given_an_option_that_is_json_text_in_the_account_when_written_then_it_is_that_option(crm: Emulator) -> None:
    for slug, kind in (("tag", "option"), ("tags", "multiple_choice")):
        field = {"slug": slug, "entity": "contact", "type": kind, "name": slug, "options": ['["tag 1"]', "tag 2"]}
        crm.create("custom_fields", {**field, "allow_new_option": True})

    cells = [
        {"@tag": '["tag 1"]', "@tags": '["tag 1"]'},
        {"@tags": '["tag 2","tag 3"]'},
        {"@tag": '["tag 3"]'},
    ]
    as_it_is, as_list, as_one = written(crm, "contacts", cells)

    assert as_it_is == {"custom_fields": {"tag": '["tag 1"]', "tags": ['["tag 1"]']}}
    assert as_list == {"custom_fields": {"tags": ["tag 2", "tag 3"]}}
    assert as_one.startswith("t: row 3, column @tag: ")


def test_given_lists_of_emails_when_upserted_then_any_of_them_finds_the_contact(crm: Emulator) -> None:
    crm.create("contacts", {"name": "Ana", "emails": [{"email": "second@people.test"}]})
    rows = [
        record("t", name="Ana", email='["first@people.test","second@people.test"]'),
        record("t", name="Bia", email='[{"email":"third@people.test"},{"email":"fourth@people.test"}]'),
        record("t", name="Bia Nova", email=["fourth@people.test"]),
    ]
    crm.clear_requests()

    run = Destination(crm).write(table("t", ["name", "email"], "append_dedup", "email"), [*rows, state("t", 3)])

    assert run.exit_code == 0, run.log
    assert sorted(request["method"] for request in writes(crm)) == ["POST", "PUT"]
    held = {row["name"]: [each["email"] for each in row["emails"]] for row in crm.truth("contacts")}
    assert held["Ana"] == ["first@people.test", "second@people.test"]
    assert sorted(held["Bia Nova"]) == ["fourth@people.test", "third@people.test"]
