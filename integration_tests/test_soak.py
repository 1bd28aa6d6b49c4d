"""The soak's short version: ten emulated minutes of syncs, pushes, churn, faults and kills."""

from __future__ import annotations

import pytest

from soak import soak


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_given_an_account_that_lives_when_synced_both_ways_then_nothing_is_lost_and_nothing_comes_twice(
    seed: int,
) -> None:
    report = soak(minutes=10, scale=20, seed=seed)

    assert report.is_clean, report
    assert report.kills > 0
    assert report.pushes > 1
    assert report.growth < 1.2
