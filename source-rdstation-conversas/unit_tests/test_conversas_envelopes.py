"""Every envelope of the sheet, and the answers that are none: never silently empty, never a value in an error."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from conversas_samples import encrypted

from airbyte_rdstation.client.responses import BadAnswerError, parse_json
from source_rdstation_conversas.envelopes import HistoryAnswer, figures_in, list_in, read_history, seconds_of

ROWS = [{"id": "Ana"}, {"id": "Bia"}]
JWE = encrypted(b"[]")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(ROWS, id="bare"),
        pytest.param({"flows": ROWS}, id="own-key"),
        pytest.param({"flows": {"flows": ROWS}}, id="own-key-twice"),
        pytest.param({"flows": [ROWS]}, id="list-in-a-list"),
        pytest.param({"data": ROWS}, id="data"),
        pytest.param({"data": {"flows": ROWS}}, id="own-key-in-data"),
        pytest.param({"docs": ROWS, "total": 2, "page": 1}, id="docs"),
        pytest.param({"items": ROWS}, id="items"),
        pytest.param({"results": ROWS, "tags": []}, id="results-beside-another-list"),
        pytest.param({"anything": ROWS, "count": 2}, id="only-list"),
        pytest.param({"answer": {"anything": ROWS}, "ok": True}, id="only-list-one-level-down"),
        pytest.param({"errors": [], "flows": ROWS}, id="beside-errors"),
    ],
)
def test_the_list_is_found_in_its_envelope(body: object) -> None:
    assert list_in(parse_json(json.dumps(body).encode()), "flows") == ROWS


@pytest.mark.parametrize("body", [[], {"flows": []}, {"data": []}, {"docs": [], "total": 0}])
def test_an_empty_list_is_one(body: object) -> None:
    assert list_in(parse_json(json.dumps(body).encode()), "flows") == []


def test_plain_names_are_items_too() -> None:
    assert list_in(parse_json(b'{"wallets": ["a", "b"]}'), "wallets") == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"", "no valid JSON", id="empty"),
        pytest.param(b"Not Found Ana", "no valid JSON", id="text"),
        pytest.param(b"<html>Ana</html>", "an HTML page", id="html"),
        pytest.param(b"{}", "only the keys", id="empty-object"),
        pytest.param(b'"Ana"', "a JSON string", id="string"),
        pytest.param(b"null", "a JSON null", id="null"),
        pytest.param(b'{"flows": null}', "flows", id="null-list"),
        pytest.param(b'{"message": "Ana", "errors": [{"field": "Ana"}]}', "'errors', 'message'", id="error"),
        pytest.param(b'{"a": ["Ana"], "b": []}', "'a', 'b'", id="two-lists"),
        pytest.param(b'{"a": {"b": {"c": ["Ana"]}}}', "'a'", id="too-deep"),
        pytest.param(b'{"_id": "Ana", "tags": []}', "'_id', 'tags'", id="a-record-with-a-list"),
        pytest.param(b'{"row": {"id": "Ana", "tags": []}}', "'row'", id="a-record-one-level-down"),
        pytest.param(b'{"ok": true, "Ana Exemplo": 1, "551190000": 2}', "'ok'. and 2 others", id="keys-that-are-data"),
    ],
)
def test_an_unknown_envelope_is_an_error_without_values(body: bytes, says: str) -> None:
    with pytest.raises(BadAnswerError, match=says) as caught:
        list_in(parse_json(body), "flows")

    assert "Ana" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        *({key: JWE} for key in ("messages", "data", "payload", "encrypted", "result", "other")),
        {"page": 1, "messages": JWE},
        {"data": {"messages": JWE}},
        {"messages": None, "data": JWE},
        {"messages": f" {JWE}\n"},
        JWE,
    ],
)
def test_the_ciphertext_of_a_page_is_found(body: object) -> None:
    assert read_history(json.dumps(body).encode()) == HistoryAnswer(jwe=JWE)


def test_the_body_may_be_the_ciphertext() -> None:
    assert read_history(f"{JWE}\n".encode()) == HistoryAnswer(jwe=JWE)


@pytest.mark.parametrize("body", [ROWS, {"messages": ROWS}, {"data": ROWS}, {"data": {"messages": ROWS}}], ids=str)
def test_plain_messages_are_taken_as_they_are(body: object) -> None:
    assert read_history(json.dumps(body).encode()) == HistoryAnswer(plain=tuple(ROWS))


@pytest.mark.parametrize(
    "body",
    [
        {"messages": None},
        {"messages": ""},
        {"messages": []},
        {},
        {"page": 3},
        {"total": 0, "extra": []},
        {"data": {"messages": []}},
        [],
        "",
        None,
    ],
    ids=str,
)
def test_all_forms_of_nothing_are_an_empty_page(body: Any) -> None:
    page = read_history(json.dumps(body).encode())

    assert page.is_empty


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no valid JSON"),
        (b"Ana", "no valid JSON"),
        (b"\xff.a", "no valid JSON"),
        (b"7", "a JSON number"),
        (b'"Ana"', "a JSON string"),
        (b'{"messages": "Ana"}', "messages"),
        (b'{"messages": {"Ana": 1}}', "messages"),
        (b'{"error": "Ana"}', "error"),
        (b'{"errors": [{"field": "Ana"}], "messages": []}', "errors"),
        (b'{"rows": [{"content": "Ana"}]}', "rows"),
    ],
)
def test_what_is_no_page_is_an_error_without_values(body: bytes, says: str) -> None:
    with pytest.raises(BadAnswerError, match=says) as caught:
        read_history(body)

    assert "Ana" not in str(caught.value)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        pytest.param({"val": 1.4, "unit": "h"}, 5_040, id="hours"),
        pytest.param({"val": 12.5, "unit": "min"}, 750, id="minutes"),
        pytest.param({"val": "12.5", "unit": "min"}, 750, id="text"),
        pytest.param({"val": 0, "unit": "min"}, 0, id="zero"),
        pytest.param({"val": None, "unit": "min"}, None, id="no-val"),
        pytest.param({"val": "", "unit": "h"}, None, id="blank"),
        pytest.param(None, None, id="null"),
    ],
)
def test_a_time_is_converted_to_seconds(time: Any, seconds: float | None) -> None:
    assert seconds_of(time) == seconds


@pytest.mark.parametrize(
    ("time", "words"),
    [
        pytest.param({"val": 2, "unit": "days"}, "an unknown unit (days)", id="days"),
        pytest.param({"val": 2, "unit": "Ana Exemplo 5511900000001"}, "an unknown unit$", id="what-is-no-unit"),
        pytest.param({"val": 2, "unit": None}, "an unknown unit$", id="null-unit"),
        pytest.param({"val": 2, "unit": ["min"]}, "an unknown unit$", id="list"),
        pytest.param({"val": "muito", "unit": "h"}, "is no number", id="words"),
        pytest.param({"val": "nan", "unit": "h"}, "is no number", id="nan"),
        pytest.param({"val": True, "unit": "h"}, "is no number", id="boolean"),
        pytest.param({"val": {}, "unit": "h"}, "is no number", id="object"),
        pytest.param({"value": 2}, "not told by val and unit", id="other-names"),
        pytest.param(420, "not told by val and unit", id="bare-number"),
    ],
)
def test_a_time_that_is_not_understood_says_why_and_quotes_no_value(time: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words).replace(r"\$", "$")):
        seconds_of(time)


@pytest.mark.parametrize(
    ("form", "body", "rows"),
    [
        pytest.param("object", {"retention": 1}, [{"retention": 1}], id="bare"),
        pytest.param("object", {"data": {"retention": 1}}, [{"retention": 1}], id="in-data"),
        pytest.param("object", {}, [{}], id="empty"),
        pytest.param("value", 4.5, [{"average": 4.5, "data": "4.5"}], id="number"),
        pytest.param("value", None, [{"average": None, "data": "null"}], id="null"),
        pytest.param("value", {"csat": 9}, [{"csat": 9, "data": '{"csat":9}'}], id="object"),
        pytest.param("value", [{"csat": 9}], [{"csat": 9, "data": '[{"csat":9}]'}], id="list-of-one"),
        pytest.param("value", [{"a": 1}, {"a": 2}], [{"data": '[{"a":1},{"a":2}]'}], id="list"),
        pytest.param("value", {"data": {"csat": 9}}, [{"csat": 9, "data": '{"data":{"csat":9}}'}], id="value-in-data"),
        pytest.param("rows", {"data": []}, [], id="no-rows"),
        pytest.param("rows", [{"total": 9}], [{"total": 9, "data": '{"total":9}'}], id="bare-rows"),
        pytest.param("rows", {"data": ["whatsapp"]}, [{"data": '"whatsapp"'}], id="rows-of-text"),
    ],
)
def test_figures_are_found_in_each_form(form: str, body: Any, rows: list[Any]) -> None:
    assert figures_in("figures", form, json.dumps(body).encode()) == rows


@pytest.mark.parametrize(("form", "body"), [("object", [1]), ("object", "x"), ("rows", {"total": 3}), ("rows", 3)])
def test_what_holds_no_figures_is_an_error_that_quotes_nothing(form: str, body: Any) -> None:
    with pytest.raises(BadAnswerError, match=r"figures are a JSON|no list of figures"):
        figures_in("figures", form, json.dumps(body).encode())
