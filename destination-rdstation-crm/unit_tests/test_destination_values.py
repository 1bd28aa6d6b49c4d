"""Cells as values: what each form is read as, and that a cell which fits no field is a reject and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destination_rdstation_crm.objects.figures import birthday, brazilian_day, iso_day, price, rating
from destination_rdstation_crm.objects.values import (
    blank,
    email,
    fold,
    identifier,
    identifiers,
    status,
    text,
    truth,
)
from destination_rdstation_crm.row import RowRejectedError

HEX = "66f1a2b3c4d5e6f708091001"
FLAG = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
UUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
ENCODERS = (text, price, rating, iso_day, brazilian_day, birthday, email, identifier, identifiers, status)
CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text("0123456789-/.,:T+Z @eE"),
    lambda cells: st.lists(cells, max_size=3) | st.dictionaries(st.text(), cells, max_size=3),
)


@pytest.mark.parametrize("cell", [None, "", "  \t", "\u200b\ufeff", [], {}, [None, " "], {"line": ""}])
def test_given_nothing_said_when_asked_then_it_is_blank(cell: Any) -> None:
    assert blank(cell)


@pytest.mark.parametrize("cell", [0, 0.0, False, "0", [0], {"line": "x"}])
def test_given_something_said_when_asked_then_it_is_not_blank(cell: Any) -> None:
    assert not blank(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (" Ana  Exemplo ", " Ana  Exemplo "),
        (50000, "50000"),
        (4.0, "4"),
        (-8.05, "-8.05"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (5511900000001.0, "5511900000001"),
    ],
)
def test_given_a_text_or_number_when_a_text_is_needed_then_it_is_plain(cell: Any, expected: str) -> None:
    assert text(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("\ufeffA\u200bn\u00ada\u2060\x00", "Ana"),
        ("A\u200dna\ufe0f", "Ana"),
        ("Ana\u00a0Souza\u3000x", "Ana Souza x"),
        ("a\tb\r\nc", "a\tb\r\nc"),
        ("Jose\u0301", "José"),
        ("👩\u200d💻 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3", "👩\u200d💻 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3"),
        (FLAG, FLAG),
        ("x\U000e0067\U000e0062", "x"),
        ("\u0646\u0645\u06cc\u200c\u062e", "\u0646\u0645\u06cc\u200c\u062e"),
    ],
)  # fmt: skip
def test_given_characters_that_nobody_sees_when_a_text_is_needed_then_only_those_of_pictures_and_letters_stay(
    cell: str, expected: str
) -> None:
    assert text(cell) == expected
    assert fold(cell) == fold(expected)
    assert not blank(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("VERDADEIRO", True), ("sim", True), (1, True), ("t", True), (True, True), ("Não", False), (0.0, False),
     ("FALSO", False), ("f", False), ("talvez", None), ("", None)],
)  # fmt: skip
def test_given_a_word_for_true_or_false_when_read_then_it_is_that(cell: Any, expected: bool | None) -> None:
    assert truth(cell) is expected


@pytest.mark.parametrize("cell", [True, ["a"], {"a": 1}, float("nan"), float("-inf"), "\ud800"])
def test_given_no_text_when_a_text_is_needed_then_the_row_is_rejected(cell: Any) -> None:
    with pytest.raises(RowRejectedError):
        text(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (1500, 1500.0),
        (1500.5, 1500.5),
        (" 1500.50 ", 1500.5),
        ("1500,50", 1500.5),
        ("1.500,50", 1500.5),
        ("1,500.50", 1500.5),
        ("1.234.567", 1234567.0),
        ("1,234,567", 1234567.0),
        ("1500.000", 1500.0),
        ("0.500", 0.5),
        (".5", 0.5),
        ("-3.5", -3.5),
        ("1.5E3", 1500.0),
    ],
)
def test_given_a_number_in_any_notation_when_a_price_then_it_is_a_float(cell: Any, expected: float) -> None:
    read = price(cell)

    assert (read, type(read)) == (expected, float)


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "1.500",
            "1,500",
            "12.345",
            "1.50.00",
            "R$ 1,500",
            "abc",
            "NaN",
            "inf",
            "1e999",
            "1.2.3",
            "1_000",
            "0x10",
            "²",
        ),
        *(float("nan"), float("inf"), 10**400, True, [1], {"a": 1}),
    ],
)
def test_given_no_clear_number_when_a_price_then_the_row_is_rejected(cell: Any) -> None:
    with pytest.raises(RowRejectedError):
        price(cell)


@pytest.mark.parametrize("cell", [4, 4.0, "4", "4.0", "4,0"])
def test_given_four_in_any_form_when_a_rating_then_it_is_the_integer(cell: Any) -> None:
    read = rating(cell)

    assert (read, type(read)) == (4, int)


@pytest.mark.parametrize("cell", [0, 6, 3.5, "five", True, float("nan")])
def test_given_another_number_when_a_rating_then_the_row_is_rejected(cell: Any) -> None:
    with pytest.raises(RowRejectedError):
        rating(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-09-03",
        " 2026-09-03 ",
        "03/09/2026",
        "03/09/2026 08:30",
        "2026-09-03 00:00:00",
        "2026-09-03T23:30:00-03:00",  # the 4th in UTC: the cell's own day stands
        "2026-09-03T00:30:00+0900",
        "2026-09-03T00:00:00.000Z",
        "2026-09-03 12:00:00.123456 UTC",
    ],
)
def test_given_a_day_in_any_form_when_sent_then_it_is_the_cells_own_day(cell: str) -> None:
    assert (iso_day(cell), brazilian_day(cell), birthday(cell)) == ("2026-09-03", "03/09/2026", "2026-09-03")


@pytest.mark.parametrize(
    "cell",
    [
        *("2026-02-30", "31/04/2026", "13/13/2026", "0000-01-01", "20261303", "9/3/2026", "soon", "2026-09-03Tnoon"),
        *("2026-09-03T99:00", 46268, -20260903, True, ["2026-09-03"]),
    ],
)
def test_given_no_day_when_a_day_is_needed_then_the_row_is_rejected(cell: Any) -> None:
    with pytest.raises(RowRejectedError):
        iso_day(cell)


@pytest.mark.parametrize("cell", ["0000-09-11", "0000-02-29"])
def test_given_no_year_when_a_birthday_then_it_stays_without(cell: str) -> None:
    assert birthday(cell) == cell


def test_given_an_impossible_day_without_a_year_when_a_birthday_then_the_row_is_rejected() -> None:
    with pytest.raises(RowRejectedError):
        birthday("0000-02-30")


@pytest.mark.parametrize("cell", ["a@b.c", "a@b.c.", "a@b..c", "a@.b.c", "a.b@c-d.e.f"])
def test_given_a_dot_in_its_domain_when_an_email_then_it_is_taken(cell: str) -> None:
    assert email(cell) == cell


def test_given_spaces_around_it_when_an_email_then_they_are_trimmed() -> None:
    assert email(" Ana@exemplo.test ") == "Ana@exemplo.test"


@pytest.mark.parametrize(
    "cell",
    ["ana", "@exemplo.test", "ana@", "a b@exemplo.test", "a@b.test;c@d.test", 5, True, ["a@b.test"],
     "a@b", "a@.test", "a@b.", pytest.param("a@" + "." * 1_000_000 + "@", id="endless")],
)  # fmt: skip
def test_given_no_single_address_when_an_email_then_the_row_is_rejected(cell: Any) -> None:
    with pytest.raises(RowRejectedError):
        email(cell)


@pytest.mark.parametrize("cell", [HEX, f" {HEX} ", HEX.upper()])
def test_given_24_hex_digits_when_an_id_then_they_are_lower_case(cell: str) -> None:
    assert identifier(cell) == HEX


def test_given_a_uuid_when_an_id_then_it_is_taken() -> None:
    assert identifier(UUID.upper()) == UUID


@pytest.mark.parametrize("cell", ["abc", HEX[:-1], HEX + "0", UUID.replace("-", ""), 10**23, True, [HEX], "é" * 24])
def test_given_another_form_when_an_id_then_the_row_is_rejected(cell: Any) -> None:
    with pytest.raises(RowRejectedError):
        identifier(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (HEX, [HEX]),
        ([HEX, UUID], [HEX, UUID]),
        (f"{HEX}, {UUID},", [HEX, UUID]),
        (f"{HEX}; {UUID};", [HEX, UUID]),
        ([f" {HEX} ", f"{UUID}\u00a0"], [HEX, UUID]),
        (f"{HEX},{HEX}", [HEX]),
        ([HEX, None, ""], [HEX]),
    ],
)
def test_given_one_or_more_ids_when_a_list_is_needed_then_each_is_there_once(cell: Any, expected: list[str]) -> None:
    assert identifiers(cell) == expected


@pytest.mark.parametrize("cell", [",", f"{HEX}|{UUID}", [HEX, 5], 5, {"id": HEX}])
def test_given_anything_else_among_them_when_ids_then_the_row_is_rejected(cell: Any) -> None:
    with pytest.raises(RowRejectedError):
        identifiers(cell)


def test_given_capitals_when_a_status_then_they_are_folded() -> None:
    assert [status(cell) for cell in ("Won", "LOST", " ongoing ", "paused")] == ["won", "lost", "ongoing", "paused"]


@pytest.mark.parametrize("cell", ["open", "ganho", 1, True, ["won"]])
def test_given_another_status_when_read_then_the_row_is_rejected(cell: Any) -> None:
    with pytest.raises(RowRejectedError):
        status(cell)


def test_given_two_spellings_when_folded_then_they_are_one() -> None:
    assert fold(" JOSE\u0301 ") == fold("josé")


@pytest.mark.parametrize("encode", ENCODERS)
@given(cell=CELLS)
def test_given_any_cell_when_encoded_then_only_a_reject_is_raised(encode: Callable[[Any], Any], cell: Any) -> None:
    with suppress(RowRejectedError):
        encode(cell)
