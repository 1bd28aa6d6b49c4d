"""The stages of decoding: the table of damages, malformed and nested plaintexts, and what may never happen."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
from conversas_samples import low_bytes, message, survivors
from hypothesis import example, given
from hypothesis import strategies as st

from airbyte_rdstation.client.json_text import as_json_text
from source_rdstation_conversas.history.plaintext import Decoded, decode, repair_quotes

COMPACT, SPACED, INDENTED = {"separators": (",", ":")}, {"separators": (", ", ": ")}, {"indent": 1}
LAYOUTS = pytest.mark.parametrize("layout", [COMPACT, SPACED, INDENTED], ids=["compact", "spaced", "indented"])
CONTENTS = {
    "latin-1": "á ç ã, nº 5 §",
    "bullet": "a • b",
    "trade-mark": "Marca™",
    "digits": "🔢",
    "curly-quotes": "“a” \u2018b\u2019",
    "dashes": "a \u2013 b — c",
    "ellipsis-euro": "5 €…",
    "zero-width": "a\u200bb\u200d\ufe0f",
    "emoji-nul": "😀",
    "emoji-letter": "👍",
    "emoji-line-break": "😊",
    "backslash": "Ŝi",
    "backslash-last": "fim Ŝ",
    "backslashes-last": "fim \\Ŝ",
    "backslash-and-quote-last": 'fim "Ŝ"',
    "object-then-quote": '{"a": "b"},{"c": "•"}',
    "bullet-first": "• a",
    "bullet-alone": "•",
    "bullets": "•••",
    "bullet-comma": "a •, b",
    "bullet-comma-space": "•, ",
    "bullet-brace": "a •}",
    "bullet-brace-comma": "•},",
    "bullet-braces": "•}}",
    "bullet-colon": "a •: b",
    "bullet-bracket": "[•]",
    "bullet-bracket-comma": "•],",
    "bullet-end-of-page": "•}]",
    "bullet-number": "•, 5: 6",
    "bullet-in-quotes": 'a "•" b',
    "real-quotes-between": '"•", "b"',
    "escapes": 'C:\\temp\\x "q" \n\t\b\f\r /',
    "backslash-and-quote": '•\\•"',
    "looks-escaped": "\\u0041 \\n",
    "object-in-text": '{"a": "•"}',
    "url-encoded": "%7B%22a%22%3A1%7D",
}
MESSAGES = [message(content) for content in CONTENTS.values()]
ALL_LEFT = [{**one, "content": survivors(one["content"])} for one in MESSAGES]
# Characters of which the low byte is a quote, a backslash, a control character or nothing special.
DAMAGED = st.text(st.sampled_from('•™“”\u2013😀👍😊🔢€áç ,:}]{["\\a1\u0100'), max_size=12)


@LAYOUTS
@pytest.mark.parametrize("last", [False, True], ids=["inside", "last-member"])
def test_a_content_cut_to_low_bytes_keeps_what_is_left(layout: dict[str, Any], last: bool) -> None:
    wrong = {}
    for name, content in CONTENTS.items():
        rows = [message("a"), message(content), message("z")]
        if last:
            for row in rows:
                row["content"] = row.pop("content")

        value = decode(low_bytes(json.dumps(rows, ensure_ascii=False, **layout))).value

        if value != [{**row, "content": survivors(row["content"])} for row in rows]:
            wrong[name] = value
    assert wrong == {}


@LAYOUTS
@pytest.mark.parametrize("wraps", [1, 2])
def test_a_nested_page_is_unwrapped_and_repaired(layout: dict[str, Any], wraps: int) -> None:
    wrong = {}
    for name, content in CONTENTS.items():
        rows = [message(content), message("z")]
        text = json.dumps(rows, ensure_ascii=False, **layout)
        for _ in range(wraps):
            text = json.dumps(text, ensure_ascii=False)

        value = decode(low_bytes(text)).value

        if value != [{**row, "content": survivors(row["content"])} for row in rows]:
            wrong[name] = value
    assert wrong == {}


@LAYOUTS
def test_the_contents_do_not_disturb_one_another(layout: dict[str, Any]) -> None:
    assert decode(low_bytes(json.dumps(MESSAGES, ensure_ascii=False, **layout))).value == ALL_LEFT


@LAYOUTS
def test_utf_8_loses_nothing(layout: dict[str, Any]) -> None:
    assert decode(json.dumps(MESSAGES, ensure_ascii=False, **layout).encode()).value == MESSAGES
    assert decode(b"\xef\xbb\xbf" + json.dumps(MESSAGES).encode()).value == MESSAGES


def test_three_layers_of_strings_are_unwrapped_and_a_fourth_is_text() -> None:
    text = json.dumps(json.dumps(json.dumps("[1]")))

    assert decode(text.encode()) == Decoded(value=[1])
    assert decode(json.dumps(text).encode()) == Decoded(text="[1]")


@pytest.mark.parametrize(
    ("plaintext", "decoded"),
    [
        pytest.param(b"", Decoded(text=""), id="empty"),
        pytest.param(b"[]", Decoded(value=[]), id="empty-list"),
        pytest.param(b"null", Decoded(value=None), id="null"),
        pytest.param(b'""', Decoded(text=""), id="empty-string"),
        pytest.param(b"ol\xe1", Decoded(text="olá"), id="text-latin-1"),
        pytest.param("olá €".encode(), Decoded(text="olá €"), id="text-utf-8"),
        pytest.param(b'"just text"', Decoded(text="just text"), id="string-without-json"),
        pytest.param(b"a\x00b", Decoded(text="ab"), id="nul-in-text"),
        pytest.param(b'["a\x00b", {"c\\u0000": "\\u0000"}]', Decoded(value=["ab", {"c": ""}]), id="nul-in-json"),
        pytest.param(b'["\\ud83d", "\\ud83d\\ude00"]', Decoded(value=["\ufffd", "😀"]), id="lone-surrogate"),
        pytest.param(b"[NaN, -Infinity, 1e999]", Decoded(value=["NaN", "-Infinity", "1e999"]), id="no-numbers"),
        pytest.param(b'{"b": 1, "a": [true, 1.5]}', Decoded(value={"b": 1, "a": [True, 1.5]}), id="object"),
        pytest.param(b'[{"content":"abc', Decoded(text='[{"content":"abc'), id="truncated-in-a-string"),
        pytest.param(b'[{"content":"abc"', Decoded(text='[{"content":"abc"'), id="truncated-after-a-string"),
        pytest.param(b'[{"content":"a"},{"con', Decoded(text='[{"content":"a"},{"con'), id="truncated-in-a-key"),
        pytest.param(b'[{"content":"a \\', Decoded(text='[{"content":"a \\'), id="truncated-in-an-escape"),
        pytest.param(b'[{"content":"\xf0\x9f', Decoded(text='[{"content":"\xf0\x9f'), id="truncated-in-a-character"),
        pytest.param(b'"[{\\"a\\":1}', Decoded(text='"[{\\"a\\":1}'), id="truncated-nested"),
        pytest.param(b"[" + b"9" * 5000 + b"]", Decoded(text="[" + "9" * 5000 + "]"), id="endless-number"),
        pytest.param(b"[" * 200 + b"]" * 200, Decoded(text="[" * 200 + "]" * 200), id="deep"),
        pytest.param(b"[" * 10**6, Decoded(text="[" * 10**6), id="deeper"),
    ],
)
def test_what_is_json_is_parsed_and_all_else_stays_text(plaintext: bytes, decoded: Decoded) -> None:
    assert decode(plaintext) == decoded


@pytest.fixture
def any_number_is_read() -> Iterator[None]:
    """As by a Python before 3.10.7, which reads numbers of any length."""
    if not hasattr(sys, "set_int_max_str_digits"):
        yield
        return
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    yield
    sys.set_int_max_str_digits(before)


@pytest.mark.usefixtures("any_number_is_read")
def test_an_endless_number_stays_text_whatever_python_would_read() -> None:
    text = "[" + "9" * 5000 + "]"

    assert decode(text.encode()) == Decoded(text=text)


@given(st.binary() | st.text().map(low_bytes) | DAMAGED.map(lambda text: low_bytes(f'[{{"content":"{text}"}}]')))
@example(b'"\\ud800"')
@example(b"\xef\xbb\xbf\x00")
def test_decoding_never_raises_and_never_loses_text(plaintext: bytes) -> None:
    decoded = decode(plaintext)

    decoded.data.encode()  # storable
    assert "\x00" not in decoded.data
    assert "\\u0000" not in decoded.data.replace("\\\\", "")
    assert not isinstance(decoded.value, str)
    if decoded.text is None:
        assert json.loads(decoded.data) == decoded.value
    elif not plaintext.startswith((b'"', b" ", b"\t", b"\n", b"\r", b"\xef")):  # where it may have been unwrapped
        assert decoded.text in {_read(plaintext, "utf-8"), _read(plaintext, "latin-1")}


@given(st.lists(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.text(max_size=9) | st.none())))
def test_json_comes_back_whole_in_either_encoding(rows: list[dict[str, Any]]) -> None:
    storable = json.loads(json.dumps(rows).replace("\\u0000", ""))
    text = json.dumps(rows, ensure_ascii=False)

    assert decode(text.encode()).value == storable
    assert decode(json.dumps(rows).encode()).value == storable


@given(st.lists(DAMAGED, min_size=1, max_size=4), st.sampled_from([COMPACT, SPACED]))
@example(["a •, b", "•}"], SPACED)
def test_no_character_of_a_damaged_page_is_lost(contents: list[str], layout: dict[str, Any]) -> None:
    text = json.dumps([message(content) for content in contents], ensure_ascii=False, **layout)

    decoded = decode(low_bytes(text))

    assert letters(decoded.data) == letters(survivors(text))


def letters(text: str) -> str:
    """A page without what JSON adds: escapes are written in more than one way."""
    return "".join(c for c in text if c.isalnum() and c not in "bfnrtu0123456789abcdefABCDEF")


@pytest.mark.parametrize(
    "value",
    [[], [{}], [{"a": "b"}], {"a": {"b": "c", "d": "e"}}, "a", [{"a": ["x"], "b": [["y"]]}, {"c": ""}], 'a"b\\', None],
)
@LAYOUTS
def test_sound_json_needs_no_repair(value: object, layout: dict[str, Any]) -> None:
    text = json.dumps(value, **layout)

    assert repair_quotes(text) == text


@pytest.mark.parametrize(
    "unit",
    ['"', '["', '"}', '",', '",  "a"', '"]}', "\\", '\\"', '{"a":"', '"' + " " * 30, "}", '"\n,\n"a\n'],
    ids=repr,
)
def test_repair_takes_steps_in_proportion_to_the_text(unit: str) -> None:
    short, long = ('["' + unit * count for count in (200, 1600))

    assert steps(long) <= 8 * steps(short) + 100
    decode(('["' + unit * (300_000 // len(unit))).encode())  # a square number of steps would take hours


def steps(text: str) -> int:
    """How many lines of `repair_quotes` are executed."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        repair_quotes(text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param({"z": "é😀", "a": [1, None]}, '{"z":"é😀","a":[1,null]}', id="compact-in-order"),
        pytest.param({"a\x00": "\x00b"}, '{"a":"b"}', id="nul"),
        pytest.param(["\\u0000"], '["\\\\u0000"]', id="the-letters-of-an-escape"),
        pytest.param([float("nan"), float("-inf")], '["NaN","-Infinity"]', id="no-numbers"),
        pytest.param(["a\ud800"], '["a\ufffd"]', id="lone-surrogate"),
        pytest.param("a", '"a"', id="string"),
    ],
)
def test_json_text_is_compact_and_storable(value: object, text: str) -> None:
    assert as_json_text(value) == text


def _read(plaintext: bytes, encoding: str) -> str:
    return plaintext.decode(encoding, "replace").replace("\x00", "")
