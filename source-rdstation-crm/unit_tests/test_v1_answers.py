"""Answers of API v1: in an object or bare, with `_id`, `id` or both, and those that are none."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from airbyte_rdstation.client.responses import BadAnswerError, More
from source_rdstation_crm.v1.list_v1 import read_account, read_list, read_record

BOTH = [{"_id": "a", "id": "a"}, {"_id": "b", "id": "b"}]


def page(body: Any, limit: int | None = 2, rows_key: str = "deals") -> Any:
    return read_list(orjson.dumps(body), rows_key=rows_key, full_page=limit)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(BOTH, id="both"),
        pytest.param([{"_id": "a"}, {"_id": "b"}], id="underscore-id-only"),
        pytest.param([{"id": "a"}, {"id": "b"}], id="id-only"),
        pytest.param([{"_id": "a", "id": None}, {"_id": None, "id": "b"}], id="null"),
    ],
)
def test_given_either_id_when_read_then_the_rows_have_both(rows: list[dict[str, Any]]) -> None:
    assert page({"deals": rows}).rows == BOTH
    assert page(rows).rows == BOTH


@pytest.mark.parametrize(
    ("envelope", "limit", "has_next"),
    [
        pytest.param({"has_more": False}, 2, More.NO, id="has-more-false"),
        pytest.param({"has_more": True}, 2, More.UNKNOWN, id="has-more-true"),
        pytest.param({"has_more": True}, 200, More.UNKNOWN, id="has-more-true-on-a-short-page"),
        pytest.param({}, 2, More.UNKNOWN, id="full-page"),
        pytest.param({}, 3, More.NO, id="short-page"),
        pytest.param({}, None, More.NO, id="not-paged"),
        pytest.param({"has_more": True}, None, More.NO, id="not-paged-whatever-it-says"),
    ],
)
def test_given_an_envelope_when_read_then_only_an_end_is_believed(
    envelope: dict[str, Any], limit: int | None, has_next: More
) -> None:
    assert page({"deals": BOTH, **envelope}, limit).has_next is has_next


@pytest.mark.parametrize(
    ("envelope", "total", "cursor"),
    [
        ({"total": 12_000, "next_page": "i-1,s-a"}, 12_000, "i-1,s-a"),
        ({"total": None, "next_page": None}, None, None),
        ({}, None, None),
        ({"total": "12", "next_page": 5}, None, None),
    ],
)
def test_given_total_and_cursor_when_read_then_they_are_optional(
    envelope: dict[str, Any], total: int | None, cursor: str | None
) -> None:
    found = page({"deals": BOTH, **envelope})

    assert (found.total, found.cursor) == (total, cursor)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"<p>Problemas</p>", "HTML", id="html"),
        pytest.param(b"{", "JSON", id="broken"),
        pytest.param(b'{"contacts": [], "secret": "ana@exemplo.test"}', "contacts", id="another-list"),
        pytest.param(b'{"deals": {}}', "deals", id="no-list"),
        pytest.param(b'"text"', "string", id="text"),
        pytest.param(b'{"deals": ["ana@exemplo.test"]}', "string", id="row-is-text"),
        pytest.param(b'{"deals": [{"email": "ana@exemplo.test"}]}', "email", id="row-without-id"),
    ],
)
def test_given_something_else_when_read_then_the_error_names_keys_and_types_only(content: bytes, words: str) -> None:
    with pytest.raises(BadAnswerError, match=words) as caught:
        read_list(content, rows_key="deals", full_page=200)

    assert "ana@" not in str(caught.value)


def test_given_a_record_without_an_envelope_when_read_then_it_has_both_ids() -> None:
    assert read_record(b'{"_id": "a", "name": "x"}') == {"_id": "a", "id": "a", "name": "x"}


@pytest.mark.parametrize("content", [b"[]", b"null", b"{}"])
def test_given_no_record_when_read_then_it_is_an_error(content: bytes) -> None:
    with pytest.raises(BadAnswerError):
        read_record(content)


def test_given_no_object_when_the_account_is_read_then_it_is_an_error() -> None:
    assert read_account(b'{"name": "x"}') == {"name": "x"}
    with pytest.raises(BadAnswerError):
        read_account(b"[]")
