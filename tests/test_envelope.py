"""Answers of API v2 in all their listed variants, and those that are none."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from airbyte_rdstation.client.responses import BadAnswerError, More, read_page

ROWS = [{"id": "a"}, {"id": "b"}]
LAST = "https://api.example/api/v2/deals?page%5Bnumber%5D=7&page%5Bsize%5D=200"


@pytest.mark.parametrize(
    ("links", "has_next", "last"),
    [
        pytest.param({"links": {"next": "https://x/?page[number]=2", "last": LAST}}, More.YES, 7, id="more"),
        pytest.param({"links": {"last": LAST}}, More.NO, 7, id="next-absent"),
        pytest.param({"links": {"next": None}}, More.NO, None, id="next-null"),
        pytest.param({"links": {}}, More.NO, None, id="links-empty-object"),
        pytest.param({"links": []}, More.NO, None, id="links-empty-list"),
        pytest.param({"links": None}, More.UNKNOWN, None, id="links-null"),
        pytest.param({}, More.UNKNOWN, None, id="no-links"),
        pytest.param({"links": {"next": "n", "last": "elsewhere"}}, More.YES, None, id="last-unreadable"),
    ],
)
def test_given_a_form_of_links_when_read_then_the_end_is_known_or_known_to_be_unknown(
    links: dict[str, Any], has_next: More, last: int | None
) -> None:
    page = read_page(orjson.dumps({"data": ROWS, **links}))

    assert (page.rows, page.has_next, page.last) == (ROWS, has_next, last)


def test_given_one_object_for_the_list_when_allowed_then_it_is_the_only_row() -> None:
    assert read_page(b'{"data": {"id": "a"}}', single=True).rows == [{"id": "a"}]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"", "no valid JSON", id="empty"),
        pytest.param(b'{"data": [{"id": "a"', "no valid JSON", id="truncated"),
        pytest.param(b"<html>Ana Exemplo</html>", "an HTML page", id="html"),
        pytest.param(b'[{"id": "Ana"}]', "a JSON list", id="bare-list"),
        pytest.param(b'"Ana"', "a JSON string", id="text"),
        pytest.param(b"null", "a JSON null", id="null"),
        pytest.param(b'{"items": ["Ana"]}', "items", id="another-key"),
        pytest.param(b'{"data": null}', "`data` is a JSON null", id="data-null"),
        pytest.param(b'{"data": {"id": "Ana"}}', "`data` is a JSON object", id="object"),
        pytest.param(b'{"data": ["Ana"]}', "a record is a JSON string", id="no-record"),
        pytest.param(b'{"data": [{"name": "Ana"}]}', "no `id`", id="no-id"),
        pytest.param(b'{"data": [{"id": null, "name": "Ana"}]}', "no `id`", id="null-id"),
    ],
)
def test_given_an_answer_that_is_none_when_read_then_the_error_names_keys_and_no_value(body: bytes, says: str) -> None:
    with pytest.raises(BadAnswerError, match=says) as caught:
        read_page(body)

    assert "Ana" not in str(caught.value)
