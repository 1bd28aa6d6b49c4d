"""Nothing is missing, and few requests are needed: big lists, memory, and every variant of the API's answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from harness import STREAMS, AccountSize, Emulator, Run, Source, account, at_once
from truth import differences

BIG = AccountSize(deals=12_000, contacts=25_000, organizations=11_000)
BIG_LISTS = ("deals", "contacts", "organizations")
PAGE = 200

# Each list with a walk spans several pages, each other kind of list more than one.
MEDIUM = AccountSize(contacts=900, deals=230, organizations=450, tasks=450, users=450, campaigns=230, sources=230)
VARIANTS: dict[str, dict[str, Any]] = {
    "as-documented": {},
    **{f"wall-{answer}": {"wall": answer, "wall_rows": 400} for answer in ("400", "empty", "500", "repeat")},
    "links-crm-v2": {"links_prefix": "/crm/v2"},
    **{f"last-page-{form}": {"last_page": form} for form in ("null", "empty_list", "empty_object", "no_links")},
    "last-links-capped": {"last_links": "capped", "wall_rows": 400},
    "last-links-absent": {"last_links": "absent"},
    "unsorted-stable": {"unsorted": "stable"},
    "cap-size-100": {"cap_size": 100},
    "cap-size-100-and-no-links": {"cap_size": 100, "last_page": "no_links"},
    "offset-of-sao-paulo": {"tz": "-03:00"},
    "blank-texts": {"blank": ""},
    "capital-status": {"status_capitals": True},
    "whole-prices": {"int_prices": True},
    "custom-fields-by-id": {"custom_fields_keys": "id"},
    "bad-sort-ignored": {"bad_sort": "ignore"},
}


@pytest.fixture(scope="module")
def big() -> Iterator[Emulator]:
    with account(BIG) as crm:
        yield crm


def fair_share(rows: int) -> float:
    return 1.1 * math.ceil(rows / PAGE) + 5


@pytest.mark.parametrize("stream", BIG_LISTS)
def test_given_a_big_list_when_read_alone_then_every_id_comes_for_few_requests(big: Emulator, stream: str) -> None:
    big.clear_requests()

    run = Source(big).read(stream)

    assert run.exit_code == 0, run.log
    assert run.ids(stream) == big.ids(stream)
    assert len(big.requests()) <= fair_share(getattr(BIG, stream))


def test_given_big_lists_when_read_together_then_every_id_comes_for_few_requests(big: Emulator) -> None:
    big.clear_requests()

    run = Source(big).read(*BIG_LISTS)

    assert run.exit_code == 0, run.log
    asked = Counter(request["path"].rpartition("/")[2] for request in big.requests())
    for stream in BIG_LISTS:
        assert run.ids(stream) == big.ids(stream)
        assert asked[stream] <= fair_share(getattr(BIG, stream))


def test_given_200_000_contacts_when_read_then_complete_within_200_mb() -> None:
    with account(AccountSize(contacts=200_000)) as crm:
        run = Source(crm).read("contacts", measured=True)

        assert run.exit_code == 0, run.log
        assert run.ids("contacts") == crm.ids("contacts")
        assert 50e6 < run.peak_bytes < 200e6  # less than the interpreter needs would be a broken measurement


@pytest.fixture(scope="module")
def variant() -> Iterator[Callable[[str], tuple[Run, list[str]]]]:
    with at_once({name: partial(read_variant, name) for name in VARIANTS}) as result:
        yield result


def read_variant(name: str) -> tuple[Run, list[str]]:
    with account(MEDIUM, **VARIANTS[name]) as crm:
        run = Source(crm).read()
        return run, [f"{stream} {what}" for stream in STREAMS for what in differences(run, crm, stream)]


@pytest.mark.parametrize("name", VARIANTS)
def test_given_a_variant_of_the_api_when_read_then_every_record_equals_the_truth(
    variant: Callable[[str], tuple[Run, list[str]]], name: str
) -> None:
    run, wrong = variant(name)

    assert run.exit_code == 0, run.log
    assert wrong == []
