"""Nothing is unknown alone: each open question of docs/api has a switch or is always played, a test and a question."""

from __future__ import annotations

import pytest

from unknowns import QUESTIONS, unknowns


@pytest.mark.parametrize("api", QUESTIONS)
def test_each_unknown_that_has_a_switch_has_a_test_that_uses_it(api: str) -> None:
    assert [row.number for row in unknowns(api) if row.switches and not row.tests] == []


@pytest.mark.parametrize("api", QUESTIONS)
def test_the_probe_asks_about_each_unknown(api: str) -> None:
    rows = [row.number for row in unknowns(api)]

    assert [row.number for row in unknowns(api) if not row.questions] == []
    assert {one.row.split(" ")[0] for one in QUESTIONS[api]} <= set(rows), "it asks what no page calls unknown"
