from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from .conftest import Caller


def fresh_window(api: Caller, **settings: Any) -> None:
    api.crm.advance_clock(120)
    api.crm.settings(**settings)


def test_given_the_default_budget_then_call_121_is_refused(api: Caller) -> None:
    fresh_window(api, rate_limit_requests=120)

    statuses = [api.get("/teams").status_code for _ in range(120)]
    refused = api.get("/teams")

    assert set(statuses) == {200}
    assert refused.status_code == 429
    assert 55 <= int(refused.headers["Retry-After"]) <= 60
    assert api.token_call().status_code == 200


def test_given_a_moving_window_then_refusals_do_not_use_it_up(api: Caller) -> None:
    fresh_window(api, rate_limit_requests=2, rate_limit_window_s=60)
    first = api.get("/teams")
    api.crm.advance_clock(30)
    second = api.get("/teams")

    refused = [api.get("/teams").status_code for _ in range(3)]
    api.crm.advance_clock(31)
    after_a_minute = [api.get("/teams").status_code for _ in range(2)]

    assert (first.status_code, second.status_code) == (200, 200)
    assert refused == [429, 429, 429]
    assert after_a_minute == [200, 429]


@pytest.mark.parametrize("form", ["seconds", "date", "absent"])
def test_retry_after(api: Caller, form: str) -> None:
    fresh_window(api, rate_limit_requests=1, retry_after=form)
    api.get("/teams")

    refused = api.get("/teams")

    header = refused.headers.get("Retry-After")
    assert refused.status_code == 429
    if form == "seconds":
        assert header == "60"
    elif form == "date":
        assert header is not None
        wait = parsedate_to_datetime(header) - parsedate_to_datetime(refused.headers["Date"])
        assert 59 <= wait.total_seconds() <= 62
    else:
        assert header is None


def test_forbidden_and_plan(api: Caller) -> None:
    api.crm.settings(forbidden=["tasks", "deal_notes"])
    deal = api.ids("/deals")[0]

    assert api.get("/tasks").status_code == 403
    assert "errors" in api.get(f"/deals/{deal}/notes").json()
    assert api.get("/users").status_code == 200

    api.crm.settings(plan_without_api=True)

    assert api.get("/users").status_code == 403


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        ("detail", ("errors", 0, "detail")),
        ("error_message", ("errors", 0, "error_message")),
        ("top_detail", ("detail",)),
        ("message", ("message",)),
    ],
)
def test_error_shape(api: Caller, shape: str, path: tuple[Any, ...]) -> None:
    api.crm.settings(error_shape=shape)

    found: Any = api.get("/users", size=999).json()

    for key in path:
        found = found[key]
    assert "page[size]" in found


def test_error_shape_html(api: Caller) -> None:
    api.crm.settings(error_shape="html")

    answer = api.get("/users", size=999)

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_given_latency_then_calls_wait_side_by_side(api: Caller) -> None:
    api.crm.settings(latency_s=0.4)
    api.crm.clear_requests()

    begin = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: api.get("/teams").status_code, range(4)))

    assert statuses == [200] * 4
    assert 0.4 <= time.monotonic() - begin < 1.2
    assert max(entry["concurrency"] for entry in api.crm.requests()) > 1


@pytest.mark.parametrize(
    "change",
    [
        {"no_such": 1},
        {"wall": "maybe"},
        {"latency_s": -1},
        {"int_prices": "x"},
        {"forbidden": "tasks"},
        {"cap_size": 1.5},
    ],
)
def test_given_a_wrong_setting_then_it_is_refused_and_nothing_changes(api: Caller, change: dict[str, Any]) -> None:
    before = api.crm.settings()

    with pytest.raises(ValueError, match=next(iter(change))):
        api.crm.settings(blank="", **change)

    assert api.crm.settings() == before
