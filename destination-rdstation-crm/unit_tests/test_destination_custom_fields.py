"""Custom fields: found by slug, checked against the account's options, sent as it defines them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planned import fields_of

from airbyte_rdstation.client.errors import ConnectorError
from destination_rdstation_crm.mapping.custom_fields import CustomFields, Options
from destination_rdstation_crm.row import RowRejectedError

CONTACT = fields_of("contact")
WORDS = st.text("abç ,", min_size=1, max_size=6).map(str.strip).filter(lambda word: word.strip(","))


@pytest.mark.parametrize(
    ("slug", "cell", "expected"),
    [
        ("cpf", "000.000.000-00", "000.000.000-00"),
        ("cpf", 50000, "50000"),
        ("cpf", 4.0, "4"),
        ("cliente-desde", "2026-09-03T10:00:00Z", "03/09/2026"),
        ("cliente-desde", "03/09/2026", "03/09/2026"),
        ("porte", " médio ", "Médio"),
        ("porte", 3.0, "3"),
        ("interesses", "prazo,PREÇO", ["Prazo", "Preço"]),
        ("interesses", "Preço, prazo, longo", ["Preço", "Prazo, longo"]),
        ("interesses", "Prazo, longo", ["Prazo, longo"]),
        ("interesses", ["preço", "Prazo, longo", "Preço", None], ["Preço", "Prazo, longo"]),
        ("interesses", "Prazo,,Preço,", ["Prazo", "Preço"]),
        ("origem", "site", "Site"),
        ("origem", " Rádio ", "Rádio"),
        ("nota", "5", "5"),
    ],
)
def test_given_a_cell_when_encoded_then_it_is_what_the_field_takes(slug: str, cell: Any, expected: Any) -> None:
    assert CONTACT.field(slug).encode(cell) == expected


@pytest.mark.parametrize(
    ("slug", "cell"),
    [
        ("porte", "Enorme"),
        ("porte", True),
        ("interesses", "Preço, Cor"),
        ("interesses", ["Cor"]),
        ("interesses", ","),
        ("interesses", {"a": "Preço"}),
        ("cliente-desde", "ontem"),
        ("cpf", ["1"]),
    ],
)
def test_given_a_cell_that_does_not_fit_when_encoded_then_the_row_is_rejected(slug: str, cell: Any) -> None:
    with pytest.raises(RowRejectedError):
        CONTACT.field(slug).encode(cell)


@pytest.mark.parametrize(
    ("slug", "meant"),
    [
        ("cliente_desde", "@cliente-desde"),
        ("erp-id", "@erp_id"),
        ("CPF", "@cpf"),
        ("interesse", "@interesses"),
    ],
)
def test_given_an_unknown_slug_when_asked_for_then_the_config_error_names_what_was_meant(slug: str, meant: str) -> None:
    with pytest.raises(ConnectorError) as error:
        CONTACT.field(slug)

    assert f"`@{slug}`" in str(error.value)
    assert f"Did you mean `{meant}`?" in str(error.value)


def test_given_a_slug_like_no_other_when_asked_for_then_the_config_error_lists_what_there_is() -> None:
    with pytest.raises(ConnectorError, match=r"There are `@cliente-desde`, `@cpf`, .* and `@porte`\."):
        CONTACT.field("zzz")


def test_given_no_custom_fields_when_asked_for_then_the_config_error_says_so() -> None:
    with pytest.raises(ConnectorError, match="There is none"):
        CustomFields("contact").field("cpf")


def test_given_two_entities_when_they_share_a_slug_then_each_has_its_own() -> None:
    assert (CONTACT.field("cpf").id, fields_of("deal").field("cpf").id) == ("f1", "f6")


def test_given_bare_rows_when_read_then_what_is_missing_is_a_text_field() -> None:
    fields = CustomFields.of(
        [{"slug": "so"}, {"entity": "contact"}, {"slug": None}, {"slug": "nulls", "type": None}], "deal"
    )

    assert [(each.slug, each.title, each.kind, each.encode(5)) for each in fields] == [
        ("so", "so", "text", "5"),
        ("nulls", "nulls", "text", "5"),
    ]


def test_given_options_that_differ_in_case_only_when_named_then_the_exact_one_is_taken() -> None:
    options = Options(["Sim", "SIM"], open_ended=False)

    assert [options.one(cell) for cell in ("SIM", "Sim")] == ["SIM", "Sim"]
    with pytest.raises(RowRejectedError, match="could be several"):
        options.one("sim")


def test_given_a_choice_without_options_when_named_then_any_text_goes() -> None:
    assert Options([], open_ended=False).one("Qualquer") == "Qualquer"


def test_given_values_by_slug_or_by_id_when_read_then_both_are_by_slug_without_strangers_and_blanks() -> None:
    held = CONTACT.existing({"cpf": "1", "f2": "03/09/2026", "porte": "", "f4": [], "gone": "x"})

    assert held == {"cpf": "1", "cliente-desde": "03/09/2026"}


@pytest.mark.parametrize("values", [None, "", [], "text"])
def test_given_no_object_when_read_then_no_value_is_held(values: Any) -> None:
    assert CONTACT.existing(values) == {}


@given(options=st.lists(WORDS, min_size=1, max_size=4, unique_by=str.casefold), data=st.data())
def test_given_any_options_when_one_is_named_then_it_is_found_though_it_has_commas(
    options: list[str], data: st.DataObject
) -> None:
    wanted = data.draw(st.sampled_from(options))

    assert Options(options, open_ended=False).several(wanted.upper()) == [wanted]
