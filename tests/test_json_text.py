"""JSON that strict parsers refuse: what can be read is read, what cannot is named without a word of it."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_rdstation.client.json_text import as_json_text, fault_of, mended, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec=None)), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (rb'{"name": "Ana \ud83d"}', {"name": "Ana \ufffd"}),
        (rb'{"name": "Ana \ud83d\ude80"}', {"name": "Ana 🚀"}),
        (b'{"name": "Jo\xe3o"}', {"name": "Jo\ufffdo"}),
        (rb'{"name": "A\u0000na"}', {"name": "Ana"}),
        (b'{"name": "A\nna"}', {"name": "A\nna"}),
        (b'\xef\xbb\xbf{"name": "Ana"}', {"name": "Ana"}),
        (b'{"amount": NaN, "other": -Infinity}', {"amount": "NaN", "other": "-Infinity"}),
        (b'{"amount": 1e999}', {"amount": "1e999"}),
        (rb'{"\ud83d": 1}', {"\ufffd": 1}),
    ],
)
def test_given_what_a_strict_parser_refuses_when_mended_then_it_takes_it(content: bytes, value: object) -> None:
    readable = mended(content)

    assert readable is not None
    assert orjson.loads(readable) == value


@given(JSON)
def test_given_any_value_when_written_by_python_and_mended_then_a_strict_parser_takes_it(value: object) -> None:
    readable = mended(json.dumps(value).encode())

    assert readable is not None
    orjson.loads(readable)
    assert as_json_text(value).encode("utf-8")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"<html>Ana</html>", "an HTML page"),
        (b'{"name": "Ana', "it breaks off after 13 characters"),
        (b'{"name": "Ana", ', "it breaks off after 16 characters"),
        (b'{"name": Ana}', "from character 10 of 13 on"),
        (b"[" * 100_000, "it breaks off after 100,000 characters|nested too deeply"),
        (b"[" * 5_000 + b"]" * 5_000, "nested too deeply"),
    ],
)
def test_given_what_is_no_json_when_told_then_kind_and_place_but_no_word_of_it(content: bytes, fault: str) -> None:
    assert mended(content) is None
    assert any(each in fault_of(content) for each in fault.split("|"))
    assert "Ana" not in fault_of(content)


def test_given_a_number_of_many_digits_when_parsed_then_it_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="too long"):
        parse("1" * 1_000_000)
