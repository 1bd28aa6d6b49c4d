"""Nothing is missing from big lists, and few requests and little memory are needed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import pytest

from harness import AccountSize, Emulator, Source, account

BIG = AccountSize(deals=10_600, contacts=12_200, organizations=10_400)
BIG_LISTS = ("deals", "contacts", "organizations")
PAGE = 200


@pytest.fixture(scope="module")
def big() -> Iterator[Emulator]:
    with account(BIG) as crm:
        yield crm


def fair_share(rows: int) -> float:
    return 1.1 * math.ceil(rows / PAGE) + 5


@pytest.mark.long  # all of them together: below
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


@pytest.mark.long
def test_given_200_000_contacts_when_read_then_complete_within_200_mb() -> None:
    with account(AccountSize(contacts=200_000)) as crm:
        run = Source(crm).read("contacts", measured=True)

        assert run.exit_code == 0, run.log
        assert run.ids("contacts") == crm.ids("contacts")
        assert 50e6 < run.peak_bytes < 200e6  # less than the interpreter needs would be a broken measurement
