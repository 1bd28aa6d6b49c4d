"""How a record is found for a row: the filters that propose, and the folded values that decide."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planned import ID, fields_of, plan_for, prepare

from destination_rdstation_crm.mapping.match import contains_filter, lookup_filter, match_values
from emulator.crm_v2 import rdql

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
        ("@cpf", {"123"}),
        ("@porte", {"médio"}),
        ("@cliente-desde", {"03/09/2026"}),
        ("@erp_id", set()),
    ],
)
def test_given_a_held_record_when_asked_then_all_it_is_matched_by_is_folded(key: str, expected: set[str]) -> None:
    assert match_values(key, RECORD, fields_of("contact")) == expected


@pytest.mark.parametrize("record", [{}, {"emails": "", "name": "", "custom_fields": ""}, {"emails": 5, "name": None}])
@pytest.mark.parametrize("key", ["email", "name", "@cpf"])
def test_given_a_record_that_holds_nothing_when_asked_then_nothing_matches_it(key: str, record: dict[str, Any]) -> None:
    assert match_values(key, record, fields_of("contact")) == frozenset()


@pytest.mark.parametrize(
    ("key", "cell"),
    [("email", "Velha@Exemplo.test "), ("name", "ANA EXEMPLO"), ("@cpf", "123"), ("@cliente-desde", "03/09/2026")],
)
def test_given_a_row_about_a_record_when_both_are_folded_then_they_meet(key: str, cell: Any) -> None:
    plan = plan_for("contacts", key, sync="update", key=key)

    assert prepare(plan, {key: cell}).keys[0] in plan.match_values(RECORD)


def test_given_rows_when_looked_up_then_the_filter_lists_their_spelling_and_the_lower_case() -> None:
    plan = plan_for("contacts", "email", sync="update", key="email")
    rows = [prepare(plan, {"email": email}).body for email in ("Ana@x.test", "bia@x.test", None, "bia@x.test")]

    assert plan.lookup_filter(rows) == 'email:("Ana@x.test","ana@x.test","bia@x.test")'
    assert plan.contains_filter(rows) == '(email:~"Ana@x.test" or email:~"bia@x.test")'


def test_given_one_row_when_looked_up_then_the_filter_is_plain() -> None:
    assert lookup_filter("@erp-id", ["17"]) == '@erp-id:"17"'
    assert contains_filter("name", ["Aurora"]) == 'name:~"Aurora"'


def test_given_rows_of_append_when_asked_then_no_record_matches() -> None:
    assert plan_for("contacts", "name").match_values(RECORD) == frozenset()


@given(texts=st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_given_any_texts_when_looked_up_then_the_filter_reads_back_as_them(texts: list[str]) -> None:
    condition = rdql.parse(lookup_filter("name", texts))

    assert isinstance(condition, rdql.Condition)
    read = {value.text for value in condition.values}
    assert read == {text.strip() for text in texts} | {text.strip().lower() for text in texts}
