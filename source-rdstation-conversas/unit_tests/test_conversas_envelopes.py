"""Every envelope of the sheet, and the answers that are none: never silently empty, never a value in an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conversas_samples import encrypted

from airbyte_rdstation.client.responses import BadAnswerError, parse_json
from source_rdstation_conversas.envelopes import HistoryAnswer, list_in, read_history

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
        pytest.param(b'{"ok": true, "Ana Exemplo": 1, "551190000": 2}', "'ok'. and 2 more", id="keys-that-are-data"),
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
