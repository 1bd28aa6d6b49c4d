"""Filter texts and instants: the forms that RD Station is known to take and to give."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_rdstation.client import rdql
from airbyte_rdstation.dates import (
    floor_second,
    format_instant,
    is_older,
    newest_instant,
    normalize_date,
    normalize_instant,
    parse_instant,
)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param("2026-01-31T23:00:59.999Z", 'updated_at:>="2026-01-31 23:00:59"', id="milliseconds-are-floored"),
        pytest.param("2026-01-31T21:00:00-03:00", 'updated_at:>="2026-02-01 00:00:00"', id="offset-becomes-utc"),
    ],
)
def test_given_an_instant_when_bounded_then_the_literal_is_quoted_utc_seconds(moment: str, expected: str) -> None:
    assert rdql.at_least("updated_at", parse_instant(moment)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Padaria", '"Padaria"'), ('a "b"', r'"a \"b\""'), ("c:\\d", r'"c:\\d"'), ("", '""')],
)
def test_given_a_text_when_quoted_then_quotes_and_backslashes_are_escaped(text: str, expected: str) -> None:
    assert rdql.quote(text) == expected


def test_given_conditions_when_joined_then_blank_ones_fall_away() -> None:
    assert rdql.all_of("", "has:product:true", "") == "has:product:true"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [(["a"], 'name:"a"'), (["a", "b c"], 'name:("a","b c")'), (['"x"', "y,z"], r'name:("\"x\"","y,z")')],
)
def test_given_texts_when_any_of_them_will_do_then_they_are_a_quoted_list(texts: list[str], expected: str) -> None:
    assert rdql.one_of("name", texts) == expected


def test_given_conditions_when_one_is_enough_then_they_stand_in_parentheses() -> None:
    parts = [rdql.contains("email", "ana@exemplo.test"), rdql.contains("@erp-id", '"17"')]

    assert rdql.any_of(*parts) == r'(email:~"ana@exemplo.test" or @erp-id:~"\"17\"")'
    assert rdql.any_of(parts[0]) == 'email:~"ana@exemplo.test"'
    assert rdql.outline(rdql.any_of(*parts)) == '(email:~"…" or @erp-id:~"…")'


def test_given_a_filter_when_outlined_then_only_instants_remain() -> None:
    text = rdql.all_of(f"email:{rdql.quote('ana@exemplo.test')}", 'updated_at:<"2026-01-31 23:00:59"')

    assert rdql.outline(text) == 'email:"…" updated_at:<"2026-01-31 23:00:59"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-01T12:00:00.123Z", "2026-08-01T12:00:00.123Z"),
        ("2026-08-01T12:00:00Z", "2026-08-01T12:00:00.000Z"),
        ("2026-08-01T09:00:00.123-03:00", "2026-08-01T12:00:00.123Z"),
        ("2026-08-01T09:00:00.1-0300", "2026-08-01T12:00:00.100Z"),
        ("2026-08-01T12:00:00.123456789Z", "2026-08-01T12:00:00.123Z"),
        ("2026-08-01 12:00:00", "2026-08-01T12:00:00.000Z"),
        ("2026-08-01", "2026-08-01T00:00:00.000Z"),
    ],
)
def test_given_a_form_of_an_instant_when_normalized_then_it_is_rfc_3339_utc(text: str, expected: str) -> None:
    assert normalize_instant(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-13-01T00:00:00Z", "11/09/2026", "0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-02:00"],
)
def test_given_no_instant_when_parsed_then_the_error_does_not_quote_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^no date$"):
        parse_instant(text)


def test_given_a_birthday_without_a_year_when_taken_for_a_date_then_it_is_none() -> None:
    with pytest.raises(ValueError, match="year"):
        normalize_date("0000-09-11")


@given(
    st.datetimes(
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
        max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - likewise
        timezones=st.timezones(),
    )
)
def test_given_any_instant_when_formatted_and_parsed_then_it_is_the_same_to_the_millisecond(moment: datetime) -> None:
    back = parse_instant(format_instant(moment))

    assert timedelta(0) <= moment.astimezone(timezone.utc) - back < timedelta(milliseconds=1)
    assert floor_second(back).microsecond == 0


@pytest.mark.parametrize(
    "text",
    [
        "0000-00-00T00:00:00.000Z",
        "2026-02-30T10:00:00.000Z",
        "2026-13-01T10:00:00.000Z",
        "2026-01-01T25:00:00.000Z",
        "2026-01-01T10:00:00.abcZ",
        "٢٠٢٦-01-01T10:00:00.000Z",
    ],
)
def test_given_a_canonical_text_that_no_calendar_has_when_normalized_then_it_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no date"):
        normalize_instant(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "9999-12-31"])
def test_given_a_date_of_another_age_then_a_record_may_hold_it_and_no_calculation_does(text: str) -> None:
    assert normalize_instant(text)[:10] == text[:10]
    with pytest.raises(ValueError, match="no date of this time"):
        parse_instant(text)
    assert newest_instant([text]) is None
    assert not is_older(normalize_instant(text), "1900-01-01T00:00:00.000Z")


@given(st.datetimes(timezones=st.just(timezone.utc)) | st.text())
def test_given_any_text_when_read_then_it_is_refused_or_can_be_calculated_with(value: object) -> None:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    try:
        moment = parse_instant(text)
    except ValueError:
        return
    for distance in (timedelta(days=3_650), timedelta(minutes=5)):
        assert rdql.at_least("updated_at", moment - distance)
        assert parse_instant(format_instant(moment)) <= moment + distance


@pytest.mark.parametrize("text", ["2026-01-31garbage", "2026-02-30", "0000-01-01", "31/01/2026"])
def test_given_what_is_no_day_when_normalized_then_it_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        normalize_date(text)
