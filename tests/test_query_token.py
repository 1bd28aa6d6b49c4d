"""The token of API v1 is in the address that is sent, and in no other."""

from __future__ import annotations

import pytest
import requests
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from airbyte_rdstation.client.session import QueryToken

TOKEN = "t0k&n=%/+ é"


def prepared(url: str) -> requests.PreparedRequest:
    return requests.Request("GET", url).prepare()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://crm.example/api/v1/deals", "?token=t0k%26n%3D%25%2F%2B%20%C3%A9"),
        ("https://crm.example/api/v1/deals?page=1", "?page=1&token=t0k%26n%3D%25%2F%2B%20%C3%A9"),
    ],
)
def test_given_a_request_when_authorized_then_only_the_copy_holds_the_token(url: str, expected: str) -> None:
    request = prepared(url)

    authorized = QueryToken(TOKEN)(request)

    assert str(authorized.url).endswith(expected)
    assert request.url == url


def test_given_a_token_when_something_else_logs_it_then_it_is_masked() -> None:
    authorized = QueryToken(TOKEN)(prepared("https://crm.example/api/v1/deals"))

    shown = filter_secrets(f"{TOKEN} {authorized.url}")

    assert "t0k" not in shown
