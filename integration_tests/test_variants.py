"""Every record equals the truth, field by field, in each variant of the API's answers that docs/api leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from harness import V1, V2, AccountSize, Jobs, Run, Source, Version, account, at_once, often
from truth import differences

# Each kind of list spans more than a page. Deals cost two requests each, so
# they fill pages once; their list is read as that of organizations.
MEDIUM = AccountSize(contacts=205, deals=8, organizations=205, tasks=205, users=205, campaigns=205, sources=205)
BEYOND_WALL = AccountSize(contacts=410, deals=8, organizations=410, tasks=410)
MANY_DEALS = AccountSize(contacts=1, deals=205, organizations=1, tasks=1)
MEDIUM_V1 = AccountSize(
    **{"contacts": 205, "deals": 205, "organizations": 205, "tasks": 205, "users": 30, "campaigns": 205},
    **{"sources": 205, "lost_reasons": 205, "products": 205, "teams": 34, "pipelines": 4, "stages": 12},
)
AS_DOCUMENTED = "as-documented"
VARIANTS_V2: dict[str, dict[str, Any]] = {
    AS_DOCUMENTED: {},
    **{f"wall-{answer}": {"wall": answer, "wall_rows": 400} for answer in ("400", "empty", "500", "repeat")},
    "links-crm-v2": {"links_prefix": "/crm/v2"},
    **{f"last-page-{form}": {"last_page": form} for form in ("null", "empty_list", "empty_object", "no_links")},
    "last-links-capped": {"last_links": "capped", "wall_rows": 400},
    "last-links-absent": {"last_links": "absent"},
    "unsorted-stable": {"unsorted": "stable"},
    "cap-size-100": {"cap_size": 100},
    "largest-size-100": {"largest_size": 100},
    "cap-size-100-and-no-links": {"cap_size": 100, "last_page": "no_links"},
    "cap-size-100-and-links-absent": {"cap_size": 100, "links_absent": True},
    "offset-of-sao-paulo": {"tz": "-03:00"},
    "blank-texts": {"blank": ""},
    "capital-status": {"status_capitals": True},
    "whole-prices": {"int_prices": True},
    "custom-fields-by-id": {"custom_fields_keys": "id"},
    "bad-sort-ignored": {"bad_sort": "ignore"},
    "other-meetings": {"meetings_fields": "nested", "meetings_sort": "400"},
}
# What lies beyond the wall is in test_v1_past_the_wall.py; here, switches that do not meet share a run.
VARIANTS_V1: dict[str, dict[str, Any]] = {
    AS_DOCUMENTED: {},
    "next-page-absent-and-a-number-as-price": {"v1_next_page": "absent", "v1_base_price": "number"},
    "next-page-stuck-and-bare-stages": {"v1_next_page": "stuck", "v1_stage_list": "bare"},
    "deals-order-honoured": {"v1_deals_order": "honoured"},
    "deals-order-500-and-limit-over-500": {"v1_deals_order": "500", "v1_limit_over": "500"},
    "has-more-always": {"v1_has_more": "always"},
    "unsorted-stable-and-windows-in-utc": {"unsorted": "stable", "v1_window_tz": "UTC", "v1_window_end": "exclusive"},
}
# The forms of a value or of a last page, which unit tests know too: `make test` tries one of each kind.
LONG = {
    *(f"v2-{name}" for name in ("last-page-null", "last-page-empty_list", "last-page-empty_object", "cap-size-100")),
    *(f"v2-{name}" for name in ("wall-400", "wall-500", "wall-repeat", "last-links-capped")),
    *(f"v2-{name}" for name in ("links-crm-v2", "unsorted-stable", "cap-size-100-and-no-links")),
    "v2-cap-size-100-and-links-absent",
    *(f"v2-{name}" for name in ("blank-texts", "capital-status", "whole-prices", "custom-fields-by-id")),
}
JOBS: Mapping[str, tuple[Version, AccountSize, dict[str, Any]]] = {
    **{
        f"v2-{name}": (V2, BEYOND_WALL if "wall_rows" in settings else MEDIUM, settings)
        for name, settings in VARIANTS_V2.items()
    },
    **{f"v1-{name}": (V1, MEDIUM_V1, settings) for name, settings in VARIANTS_V1.items()},
    "v2-many-deals": (V2, MANY_DEALS, {}),
    # One page has to hold what comes for ever.
    "v1-pages-ignored": (V1, AccountSize(deals=80, teams=34), {"v1_ignore_page": True}),
}
Outcome = tuple[Run, list[str]]


@pytest.fixture(scope="module")
def variant() -> Iterator[Jobs[Outcome]]:
    with at_once({name: partial(read_variant, name) for name in JOBS}) as result:
        yield result


def read_variant(name: str) -> Outcome:
    api, size, settings = JOBS[name]
    with account(size, **settings) as crm:
        # A request for each deal, and no list of its own: once is enough.
        left_out = {"deal_contacts", "deals_details"} if api is V1 and AS_DOCUMENTED not in name else set()
        streams = [stream for stream in api.streams if stream not in left_out]
        run = Source(crm, api).read(*streams)
        if api is V1:
            crm.settings(v1_stage_list="full")  # a bare list gives less than the truth is
        return run, [f"{stream} {what}" for stream in streams for what in differences(run, crm, stream, api)]


@pytest.mark.parametrize("name", often(JOBS, long=LONG))
def test_given_a_variant_of_the_api_when_read_then_every_record_equals_the_truth(
    variant: Jobs[Outcome], name: str
) -> None:
    run, wrong = variant(name)

    assert run.exit_code == 0, run.log
    assert wrong == []
