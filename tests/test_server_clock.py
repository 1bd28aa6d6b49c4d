"""RD Station's clock, as its answers tell it: never later than it may be."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
import requests_mock

from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.session import Session


def api_after(header: str) -> Api:
    api = Api("https://api.example", Session(RateLimit(1_000_000), requests_at_once=1))
    with requests_mock.Mocker() as server:
        server.get("https://api.example/deals", headers={"Date": header})
        api.get("/deals", {}, len, stream="deals")
    return api


@pytest.mark.parametrize("hours", [-3, 3, -24 * 365])
def test_given_a_date_header_then_it_sets_the_clock(hours: int) -> None:
    now = datetime.now(timezone.utc)
    told = now + timedelta(hours=hours)

    at = api_after(format_datetime(told, usegmt=True)).server_time(now)

    assert abs(at - told) < timedelta(seconds=10)


@pytest.mark.parametrize(
    "header",
    ["", "soon", "Thu, 01 Jan 2998 00:00:00 GMT", "Thu, 29 Nov 2026 10:00:00 -0000"],
)
def test_given_a_header_that_tells_no_time_then_the_clock_is_a_little_behind_ours(header: str) -> None:
    now = datetime.now(timezone.utc)

    assert api_after(header).server_time(now) == now - timedelta(minutes=10)
