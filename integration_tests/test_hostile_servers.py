"""A host that means harm costs a clear sentence: no flood of memory, no wait without end, no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from harness import CONVERSAS, V1, V2, Jobs, Run, Source, Version, account, at_once, status_of
from hostile import ATTACKS, hostile
from prefork import can_fork

pytestmark = pytest.mark.waits(40)

APIS = (V2, V1, CONVERSAS)
MOST_MEMORY = 400 * 1024 * 1024  # what a connector takes by itself, and the largest body a few times


def attacked(api: Version, attack: str) -> Run:
    """`check` against that host; the last thing it received is in `stderr`."""
    with account() as crm, hostile(ATTACKS[attack]) as host:
        run = Source(crm, api, api_base_url=host.url).check()
        run.stderr += host.received[-1]
        return run


@pytest.fixture(scope="module")
def checked() -> Iterator[Jobs[Run]]:
    jobs = {f"{api}-{attack}": partial(attacked, api, attack) for attack in ATTACKS for api in APIS}
    with at_once(jobs) as result:
        yield result


@pytest.mark.parametrize(
    ("api", "attack"),
    [
        # What waits for the drip is the same for all.
        pytest.param(api, attack, id=f"{api}-{attack}", marks=[pytest.mark.long] if waits and api is not V2 else [])
        for attack in ATTACKS
        for api in APIS
        for waits in [attack == "drip"]
    ],
)
def test_given_a_host_that_means_harm_when_checked_then_a_sentence_in_bounded_time_and_memory(
    checked: Jobs[Run], api: Version, attack: str
) -> None:
    run = checked(f"{api}-{attack}")

    status, sentence = status_of(run)
    assert status == "FAILED"
    assert sentence.endswith(".")
    assert "Traceback" not in run.stdout + run.stderr
    assert run.seconds < 60
    if can_fork():  # elsewhere it is not known
        assert 20e6 < run.peak_bytes < MOST_MEMORY
    assert "um-biscoito" not in run.stderr, "a cookie was sent back"
