"""API v1's quirks: birthdays without a day, stages of another pipeline, users who see only a part."""

from __future__ import annotations

from typing import Any

import pytest
from airbyte_cdk.models import FailureType

from airbyte_rdstation.client.errors import NotFoundError
from airbyte_rdstation.client.responses import More, Page
from source_rdstation_crm.v1.list_v1 import StageFilter, sees_only_own_deals, without_empty_birthdays

EMPTY = {"_id": "b", "day": None, "month": None, "year": None, "created_at": "2026-01-01T00:00:00.000Z"}
MAY = {"day": 3, "month": 5, "year": None}
FULL_STAGE = {"id": "s", "created_at": "2026-01-01T00:00:00.000Z", "deal_pipeline": {"id": "p"}}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"birthday": dict(EMPTY)}, {"birthday": None}),
        ({"birthday": dict(MAY)}, {"birthday": MAY}),
        ({"birthday": None}, {"birthday": None}),
        ({}, {}),
        ({"contacts": [{"birthday": dict(EMPTY)}, "x", {}]}, {"contacts": [{"birthday": None}, "x", {}]}),
        ({"contacts": None}, {"contacts": None}),
        ({"contacts": {}}, {"contacts": {}}),
    ],
)
def test_given_a_birthday_without_a_date_when_emitted_then_it_is_null(row: Any, expected: Any) -> None:
    assert without_empty_birthdays(row) == expected


def gone(_stage_id: str) -> Any:
    raise NotFoundError("GET -> 404", "gone", FailureType.config_error)


def never(_stage_id: str) -> Any:
    raise AssertionError("the list had all the detail")


@pytest.mark.parametrize(
    ("row", "fetch", "expected"),
    [
        pytest.param(FULL_STAGE, never, FULL_STAGE, id="full"),
        pytest.param({**FULL_STAGE, "deal_pipeline": {"id": "other"}}, never, None, id="another-pipeline"),
        pytest.param({**FULL_STAGE, "deal_pipeline": {}}, lambda _: dict(FULL_STAGE), FULL_STAGE, id="unnamed"),
        pytest.param(
            {**FULL_STAGE, "deal_pipeline": None}, lambda _: {}, {**FULL_STAGE, "deal_pipeline": None}, id="?"
        ),
        pytest.param({"id": "s"}, lambda _: dict(FULL_STAGE), FULL_STAGE, id="bare"),
        pytest.param({"id": "s"}, lambda _: {**FULL_STAGE, "deal_pipeline": {"id": "x"}}, None, id="bare-and-another"),
        pytest.param({"id": "s"}, gone, None, id="gone"),
    ],
)
def test_given_a_row_of_a_pipeline_when_adopted_then_it_is_complete_and_its_own(
    row: dict[str, Any], fetch: Any, expected: Any
) -> None:
    assert StageFilter("deal_stages", fetch).adopt(dict(row), "p") == expected


MINE = {"user": {"email": "me@exemplo.test"}}
OTHERS = {"user": {"email": "other@exemplo.test"}}
TWO_USERS = Page([{"email": "me@exemplo.test"}, {"email": "other@exemplo.test", "active": True}], More.NO)


@pytest.mark.parametrize(
    ("deals", "users", "expected"),
    [
        pytest.param(Page([MINE, MINE], More.NO, total=2), TWO_USERS, True, id="own-deals-only"),
        pytest.param(Page([MINE, OTHERS], More.NO, total=2), TWO_USERS, False, id="others-deals-too"),
        pytest.param(Page([MINE], More.NO, total=9), TWO_USERS, True, id="more-counted-than-shown"),
        pytest.param(Page([OTHERS], More.NO, total=9), TWO_USERS, True, id="counted-and-of-others"),
        pytest.param(Page([], More.NO, total=0), TWO_USERS, False, id="no-deals"),
        pytest.param(Page([MINE], More.NO), Page([{"email": "me@exemplo.test"}], More.NO), False, id="nobody-else"),
        pytest.param(
            Page([MINE], More.NO),
            Page([{"email": "me@exemplo.test"}, {"email": "left@exemplo.test", "active": False}], More.NO),
            False,
            id="others-have-left",
        ),
        pytest.param(Page([{"user": {}}, {"user": None}, {}], More.NO), TWO_USERS, False, id="no-owners"),
    ],
)
def test_given_deals_and_users_when_compared_then_a_restricted_user_shows(
    deals: Page, users: Page, expected: bool
) -> None:
    assert sees_only_own_deals({"email": "me@exemplo.test"}, deals, users) is expected
