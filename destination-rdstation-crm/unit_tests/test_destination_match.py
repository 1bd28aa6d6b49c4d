"""How a record is found for a row: the filters that propose, and the folded values that decide."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planned import ID, fields_of, plan_for, prepare

from destination_rdstation_crm.mapping.record_type import Key, RecordType
from destination_rdstation_crm.objects.tables import OBJECTS
from destination_rdstation_crm.writing.filters import lookup_filter
from emulator.crm_v2 import rdql

CONTACT = RecordType(OBJECTS["contact"], fields_of("contact"))
RECORD: dict[str, Any] = {
    "id": ID,
    "name": " Ana Exemplo ",
    "emails": [{"email": "ANA@exemplo.test"}, {"email": None}, None, {"email": "velha@exemplo.test"}],
    "custom_fields": {"f1": 123, "porte": "MÉDIO", "cliente-desde": "2026-09-03"},
}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("_id", {ID}),
        ("email", {"ana@exemplo.test", "velha@exemplo.test"}),
        ("name", {"ana exemplo"}),
        ("@cpf", {"00000000123"}),
        ("@porte", {"médio"}),
        ("@cliente-desde", {"03/09/2026"}),
        ("@erp_id", set()),
    ],
)
def test_given_a_held_record_when_asked_then_all_it_is_matched_by_is_folded(key: str, expected: set[str]) -> None:
    assert set(CONTACT.identity(key, RECORD).folded) == expected


@pytest.mark.parametrize("record", [{}, {"emails": "", "name": "", "custom_fields": ""}, {"emails": 5, "name": None}])
@pytest.mark.parametrize("key", ["email", "name", "@cpf"])
def test_given_a_record_that_holds_nothing_when_asked_then_nothing_matches_it(key: str, record: dict[str, Any]) -> None:
    assert CONTACT.identity(key, record).folded == {}


@pytest.mark.parametrize(
    ("key", "cell"),
    [("email", "Velha@Exemplo.test "), ("name", "ANA EXEMPLO"), ("@cpf", "123"), ("@cliente-desde", "03/09/2026")],
)
def test_given_a_row_about_a_record_when_both_are_folded_then_they_meet(key: str, cell: Any) -> None:
    plan = plan_for("contacts", key, sync="update", key=key)

    (folded,) = prepare(plan, {key: cell}).key.folded

    assert folded in plan.record_type.identity(key, RECORD).folded


def test_given_rows_when_looked_up_then_the_filter_lists_their_spelling_and_the_lower_case() -> None:
    plan = plan_for("contacts", "email", sync="update", key="email")
    keys = [prepare(plan, {"email": email}).key for email in ("Ana@x.test", "bia@x.test", None, "bia@x.test")]

    assert lookup_filter("list", "email", keys) == 'email:("Ana@x.test","ana@x.test","bia@x.test")'
    assert lookup_filter("contains", "email", keys) == '(email:~"Ana@x.test" or email:~"bia@x.test")'


def test_given_one_row_when_looked_up_then_the_filter_is_plain() -> None:
    assert lookup_filter("list", "@erp-id", [Key(("17",))]) == '@erp-id:"17"'
    assert lookup_filter("contains", "name", [Key(("Aurora",))]) == 'name:~"Aurora"'


def test_given_rows_of_append_when_asked_then_no_record_matches() -> None:
    plan = plan_for("contacts", "name")

    assert plan.record_type.identity(plan.key_field, RECORD) == Key()


@given(texts=st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_given_any_texts_when_looked_up_then_the_filter_reads_back_as_them(texts: list[str]) -> None:
    condition = rdql.parse(lookup_filter("list", "name", [Key(tuple(texts))]))

    assert isinstance(condition, rdql.Condition)
    read = {value.text for value in condition.values}
    assert read == {text.strip() for text in texts} | {text.strip().lower() for text in texts}
