"""Answers of API v1 that docs/api/crm-v1.md does not show: further fields, one page for ever, no time to wait."""

from __future__ import annotations

import orjson
import pytest

from harness import V1, AccountSize, Source, account
from servers import stranger

PRODUCT = {
    "_id": "66e0a2b3c4d5e6f708091601",
    "name": "Cimento",
    "base_price": "15.44",
    "errors": {},
    "campo_novo": {"a": [1, None, "2026-01-01"], "b": {"c": True}},
    "created_at": "2026-01-05T11:00:00.000-02:00",
    "updated_at": "2026-08-11T15:20:00.5-03:00",
}


def test_given_fields_that_nobody_knows_when_read_then_they_pass_and_the_known_ones_are_normalised() -> None:
    body = orjson.dumps({"products": [PRODUCT], "has_more": False, "total": 1}).decode()
    with account() as crm, stranger(200, body) as host:
        run = Source(crm, V1, api_base_url=host.url).read("products")

    assert run.exit_code == 0, run.log
    assert run.records("products") == [
        {
            **PRODUCT,
            "id": PRODUCT["_id"],
            "base_price": 15.44,
            "created_at": "2026-01-05T13:00:00.000Z",
            "updated_at": "2026-08-11T18:20:00.500Z",
        }
    ]


@pytest.mark.parametrize("stream", ["teams", "deal_pipelines", "activities"])
def test_given_one_page_for_ever_of_a_longer_list_when_read_then_it_comes_and_something_is_said(stream: str) -> None:
    size = AccountSize(deals=250, contacts=1, teams=230, pipelines=230, stages=1)
    with account(size, v1_ignore_page=True) as crm:
        run = Source(crm, V1).read(stream)

        assert len(run.ids(stream)) == 200
        assert [text for text in run.log_lines("WARN") if stream in text] or run.error_of(stream)["message"]
        # A page that brings no new id ends the list (crm-v1.md#paging).
        assert len(crm.requests()) <= 10


@pytest.mark.long
def test_given_a_429_without_retry_after_when_read_then_a_minute_passes_before_the_next_try() -> None:
    with account(AccountSize(contacts=3)) as crm:
        crm.fault("429", path="/users")
        run = Source(crm, V1).read("users")

        first, second = (request for request in crm.requests() if request["path"].endswith("/users"))
        assert run.exit_code == 0, run.log
        assert second["arrived_monotonic"] - first["arrived_monotonic"] >= 59
