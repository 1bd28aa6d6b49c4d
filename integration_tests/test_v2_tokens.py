"""Refresh tokens work once: none is used twice, and the platform has the new pair before its first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness import AccountSize, Emulator, Line, Run, Source, account, status_of, token_hash

pytestmark = pytest.mark.waits(20)

PACED: dict[str, Any] = {"requests_per_minute": 1_200, "num_workers": 8}  # 20 a second
LASTS_10_S = AccountSize(deals=240, contacts=600)
STREAMS = ("contacts", "deals", "deal_notes", "organizations")
TRAVELS: dict[str, Any] = {"latency_s": 0.35}
EXTRA: dict[str, Any] = {"a_key_of_the_platform": {"nested": [1, "2"]}}


def outcomes(crm: Emulator) -> list[str]:
    """How each refresh ended."""
    return [refresh["outcome"] for refresh in crm.oauth()["history"]]


def assert_published_before_use(run: Run, crm: Emulator) -> None:
    """Each CONTROL arrived here before the first request with its token was answered there.

    Answered, not arrived: we may get round to reading the line a little after it was written. With `TRAVELS`, a request
    is under way for longer than that.
    """
    first_use: dict[str, float] = {}
    for request in crm.requests():
        if request["token"]:
            first_use.setdefault(request["token"], request["answered_monotonic"])
    published = {token_hash(config["credentials"]["access_token"]): at for at, config in run.controls}
    used = published.keys() & first_use.keys()
    assert used, "no published token was used"
    assert {token for token in used if published[token] > first_use[token]} == set()


def test_given_tokens_of_2_s_and_8_workers_when_read_for_10_s_then_no_refresh_token_is_used_twice() -> None:
    with account(LASTS_10_S, access_token_ttl_s=2, **TRAVELS) as crm:
        source = Source(crm, **PACED)

        run = source.read(*STREAMS)

        assert run.exit_code == 0, run.log
        assert run.ids("deal_notes") == crm.ids("deal_notes")
        arrivals = [request["arrived_monotonic"] for request in crm.requests()]
        assert arrivals[-1] - arrivals[0] > 10
        history = crm.oauth()["history"]
        assert len(history) >= 5
        assert {refresh["outcome"] for refresh in history} == {"rotated"}
        assert len({refresh["refresh_token"] for refresh in history}) == len(history)
        assert len(run.controls) == len(history)
        assert_published_before_use(run, crm)

        assert status_of(source.check()) == ("SUCCEEDED", "")
        assert set(outcomes(crm)) == {"rotated"}


def test_given_kills_after_rotations_when_started_again_with_the_published_configuration_then_it_works() -> None:
    with account(LASTS_10_S, access_token_ttl_s=2) as crm:
        source = Source(crm, **PACED)
        state = None
        for count in (1, 2, 3):
            killed = source.read(*STREAMS, state=state, kill_when=after_controls(count))
            assert len(killed.controls) >= count
            state = killed.states or state

        run = source.read(*STREAMS, state=state)

        assert run.exit_code == 0, run.log
        assert set(outcomes(crm)) == {"rotated"}


def after_controls(count: int) -> Callable[[Line], bool]:
    """True from the n-th CONTROL on."""
    seen = 0

    def when(line: Line) -> bool:
        nonlocal seen
        seen += line.text.startswith(b'{"type":"CONTROL"')
        return seen >= count

    return when


def expired_unnoticed(source: Source, crm: Emulator) -> None:
    crm.expire_access_tokens()


def without_access_token(source: Source, crm: Emulator) -> None:
    del source.config["credentials"]["access_token"], source.config["credentials"]["token_expiry_date"]


def without_expiry(source: Source, crm: Emulator) -> None:
    crm.expire_access_tokens()
    del source.config["credentials"]["token_expiry_date"]


@pytest.mark.parametrize("command", ["check", "discover", "read"])
@pytest.mark.parametrize("prepare", [expired_unnoticed, without_access_token, without_expiry])
def test_given_no_live_access_token_when_any_command_runs_then_it_rotates_once_and_publishes_everything(
    command: str, prepare: Callable[[Source, Emulator], None]
) -> None:
    with account(**TRAVELS) as crm:
        source = Source(crm, start_date="2026-01-01T00:00:00Z", **EXTRA)
        source.config["credentials"]["note_of_the_user"] = "ours"
        prepare(source, crm)
        before = source.config

        run: Run = getattr(source, command)(*(["campaigns", "deals"] if command == "read" else []))

        assert run.exit_code == 0, run.log
        assert outcomes(crm) == ["rotated"]
        ((_, published),) = run.controls
        assert without_tokens(published) == without_tokens(before)
        alive = crm.oauth()
        assert published["credentials"]["refresh_token"] in alive["refresh_tokens"]
        assert published["credentials"]["access_token"] in alive["access_tokens"]
        assert_published_before_use(run, crm)


def without_tokens(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration but for what a rotation changes."""
    changed = {"access_token", "refresh_token", "token_expiry_date"}
    credentials = {name: value for name, value in config["credentials"].items() if name not in changed}
    return {**config, "credentials": credentials}


def test_given_one_401_when_read_then_one_rotation_and_complete() -> None:
    with account(**TRAVELS) as crm:
        crm.fault("401", path="/deals$")

        run = Source(crm).read("deals", "contacts", "organizations")

        assert run.exit_code == 0, run.log
        assert outcomes(crm) == ["rotated"]
        assert run.ids("deals") == crm.ids("deals")
        assert_published_before_use(run, crm)


def test_given_401_for_ever_when_read_then_a_config_error_after_one_rotation() -> None:
    with account() as crm:
        crm.fault("401", path="/campaigns", times=None)

        run = Source(crm).read("campaigns")

        assert run.exit_code == 1
        error = run.error_of("campaigns")
        assert error["failure_type"] == "config_error"
        assert "authorize" in error["message"]
        assert outcomes(crm) == ["rotated"]


@pytest.mark.parametrize("token_error", ["invalid_grant", "marketing", "gateway"])
def test_given_a_revoked_refresh_token_when_read_then_a_config_error_that_says_to_authorize_again(
    token_error: str,
) -> None:
    with account(token_error=token_error) as crm:
        source = Source(crm)
        crm.expire_access_tokens()
        crm.revoke_refresh_token()

        run = source.read("campaigns", "contacts")

        assert run.exit_code == 1
        assert run.controls == []
        for stream in ("campaigns", "contacts"):
            assert run.error_of(stream)["failure_type"] == "config_error"
            assert "uthorize" in run.error_of(stream)["message"]


def test_given_a_rotation_whose_answer_is_lost_when_read_then_the_error_says_why_and_to_authorize_again() -> None:
    with account(rotate_lost=1) as crm:
        source = Source(crm)
        crm.expire_access_tokens()

        run = source.read("campaigns")

        assert run.exit_code == 1
        assert outcomes(crm) == ["lost", "reused"]
        error = run.error_of("campaigns")
        assert error["failure_type"] == "config_error"
        assert "broke" in error["message"]
        assert "uthorize" in error["message"]

        source.config = {**source.config, **crm.config()}
        crm.authorize_again()
        assert source.read("campaigns").exit_code == 0


@pytest.mark.parametrize("fault", ["503", "429", "reset", "html_200"])
def test_given_a_token_endpoint_with_one_bad_moment_when_read_then_it_asks_again(fault: str) -> None:
    with account() as crm:
        source = Source(crm)
        crm.expire_access_tokens()
        crm.fault(fault, path="/oauth2/token", **({"retry_after": "1"} if fault == "429" else {}))

        run = source.read("campaigns")

        assert run.exit_code == 0, run.log
        assert outcomes(crm) == ["rotated"]


@pytest.mark.parametrize("expires_in", ["absent", "1"])
def test_given_an_odd_lifetime_when_read_then_complete_and_no_refresh_token_is_used_twice(expires_in: str) -> None:
    with account(expires_in=expires_in, latency_s=0.05) as crm:
        source = Source(crm)
        crm.expire_access_tokens()

        run = source.read(*STREAMS)

        assert run.exit_code == 0, run.log
        assert set(outcomes(crm)) == {"rotated"}
        assert run.ids("deal_notes") == crm.ids("deal_notes")
