"""The tokens file alone: who finds which pair, what survives an end at any moment, and who waits for whom."""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests_mock

from airbyte_rdstation.client import tokens_file
from airbyte_rdstation.client.errors import ConnectorError
from airbyte_rdstation.client.oauth import TokenOwner
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.retry import RetryPolicy
from airbyte_rdstation.client.session import Session
from airbyte_rdstation.client.tokens_file import TokensFile

DATES = {"token_expiry_date": "2036-01-01T02:00:00Z", "renewed_at": "2036-01-01T00:00:00Z"}
API = "https://api.example"


def never(_seconds: float) -> bool:
    return False


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def pair(number: int) -> dict[str, str]:
    return {"refresh_token": f"refresh-{number}", "access_token": f"access-{number}", **DATES}


def renew(file: TokensFile, brought: int, number: int) -> None:
    """Replace the pair `number` by the next one, for a configuration with the refresh token `brought`."""
    with file.locked(never):
        file.reserve(f"refresh-{brought}", f"refresh-{number}")
        file.keep(pair(number + 1))


def found(file: TokensFile, number: int) -> str:
    with file.locked(never):
        return (file.newest(f"refresh-{number}") or {}).get("refresh_token", "")


def test_given_many_renewals_then_who_is_in_use_is_found_and_the_file_stays_small(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_file, "_MOST_FINGERPRINTS", 10)
    file = TokensFile(str(path), "app")

    for number in range(40):
        renew(file, 0, number)

    assert {number for number in range(41) if found(file, number) == "refresh-40"} == {0, *range(32, 41)}
    assert len(json.loads(path.read_bytes())["rdstation_tokens"][0]["led_here"]) == 10


def test_given_many_authorizations_then_the_latest_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_file, "_MOST_AUTHORIZATIONS", 3)
    file = TokensFile(str(path), "app")

    for number in range(0, 100, 20):
        renew(file, number, number)

    assert [found(file, number) for number in range(0, 100, 20)] == ["", "", "refresh-41", "refresh-61", "refresh-81"]


def test_given_another_application_then_its_tokens_are_not_found(path: Path) -> None:
    renew(TokensFile(str(path), "app"), 0, 0)

    assert found(TokensFile(str(path), "another"), 0) == ""


def test_given_an_end_between_writing_and_putting_in_place_then_the_next_process_does_that(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = TokensFile(str(path), "app")
    renew(file, 0, 0)
    with monkeypatch.context() as patch:
        patch.setattr(TokensFile, "_put_in_place", lambda _: None)
        renew(file, 0, 1)
    assert json.loads(path.read_bytes())["rdstation_tokens"][0]["refresh_token"] == "refresh-1"

    assert found(TokensFile(str(path), "app"), 0) == "refresh-2"
    assert not path.with_name("tokens.json.new").exists()


@pytest.mark.parametrize("length", [0, 1, 30, 120])
def test_given_an_end_in_the_middle_of_writing_then_the_old_pair_is_in_place(path: Path, length: int) -> None:
    file = TokensFile(str(path), "app")
    renew(file, 0, 0)
    cut = path.read_bytes().replace(b"refresh-1", b"refresh-2")[:length]
    path.with_name("tokens.json.new").write_bytes(cut)

    assert found(file, 0) == "refresh-1"


def test_given_a_link_when_kept_then_it_stays_one_and_both_names_share_a_lock(path: Path) -> None:
    link = path.with_name("link.json")
    link.symlink_to(path)
    renew(TokensFile(str(link), "app"), 0, 0)

    assert link.is_symlink()
    with TokensFile(str(link), "app").locked(never), pytest.raises(ConnectorError, match="Another process holds"):
        found(TokensFile(str(path), "app"), 0)


def test_given_a_lock_file_that_is_deleted_while_held_then_a_new_one_is_a_lock_again(path: Path) -> None:
    first, second, third = (TokensFile(str(path), "app") for _ in range(3))
    with first.locked(never):
        path.with_name("tokens.json.lock").unlink()
        with second.locked(never), pytest.raises(ConnectorError, match="Another process holds"), third.locked(never):
            pass


def hold(path: str, held: Any) -> None:
    with TokensFile(path, "app").locked(never):
        held.set()
        multiprocessing.Event().wait()


def test_given_a_lock_of_a_process_that_died_then_it_is_none(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    holder = context.Process(target=hold, args=(str(path), held))
    holder.start()
    held.wait()
    with pytest.raises(ConnectorError, match="Another process holds"):
        found(TokensFile(str(path), "app"), 0)

    holder.kill()
    holder.join()

    assert found(TokensFile(str(path), "app"), 0) == ""


def test_given_a_lock_that_is_let_go_then_it_is_waited_for(path: Path) -> None:
    holder = TokensFile(str(path), "app").locked(never)
    holder.__enter__()
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            holder.__exit__(None, None, None)

    with TokensFile(str(path), "app").locked(lambda _: True, wait):
        assert len(waited) == 3


def test_given_a_system_without_locks_then_a_sentence(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_file, "fcntl", None)

    with pytest.raises(ConnectorError, match="Leave it out"):
        TokensFile(str(path), "app")


def owner(path: Path, number: int | None = 0) -> TokenOwner:
    """Of a configuration with that access token, or with none."""
    credentials = {
        "client_id": "app",
        "client_secret": "hush",
        "refresh_token": "refresh-0",
        "access_token": "" if number is None else f"access-{number}",
    }
    return TokenOwner(
        {"credentials": credentials},
        f"{API}/oauth2/token",
        RateLimit(1_000_000),
        RetryPolicy(tries=1),
        tokens_path=str(path),
        publish=lambda _: None,
    )


@pytest.fixture
def rdstation() -> Any:
    """Gives pair after pair to its newest refresh token alone; access tokens below `rdstation.dead` get a 401."""
    with requests_mock.Mocker() as mocker:
        mocker.given, mocker.dead = 0, 0

        def give(request: Any, context: Any) -> dict[str, Any]:
            if f"refresh_token=refresh-{mocker.given}" not in request.text.split("&"):
                context.status_code = 400
                return {"error": "invalid_grant"}
            mocker.given += 1
            return {**pair(mocker.given), "expires_in": 7200}

        def serve(request: Any, context: Any) -> dict[str, Any]:
            number = int(request.headers["Authorization"].rpartition("-")[2])
            context.status_code = 401 if number < mocker.dead else 200
            return {}

        mocker.post(f"{API}/oauth2/token", json=give)
        mocker.get(f"{API}/deals", json=serve)
        yield mocker


def get(tokens: TokenOwner) -> int:
    return Session(RateLimit(1_000_000), 1, tokens).get(f"{API}/deals", timeout=(1, 1)).status_code


def test_given_a_pair_of_another_process_that_has_died_too_when_refused_then_it_is_renewed_in_turn(
    path: Path, rdstation: Any
) -> None:
    first, second = owner(path), owner(path)
    rdstation.dead = 1
    assert get(first) == 200
    rdstation.dead = 2  # `access-1`, which the second will find in the file

    assert get(second) == 200
    assert rdstation.given == 2


class LockForTwo:
    """Lets one thread in once two have come."""

    def __init__(self) -> None:
        self._both = threading.Barrier(2)
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._both.wait()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_given_two_threads_and_a_pair_of_another_process_when_renewed_then_neither_takes_it_for_a_fresh_one(
    path: Path, rdstation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = owner(path), owner(path)
    rdstation.dead = 1
    assert get(first) == 200
    monkeypatch.setattr(second, "_token_refresh_lock", LockForTwo())

    with ThreadPoolExecutor(2) as pool:
        fresh = list(pool.map(lambda _: second.renew(), range(2)))

    assert fresh == [False, False]
    assert rdstation.given == 1


def test_given_an_answer_without_an_access_token_when_begun_anew_then_its_refresh_token_is_used(
    path: Path, rdstation: Any
) -> None:
    file = TokensFile(str(path), "app")
    with file.locked(never):
        file.reserve("refresh-0")
        file.keep({**pair(1), "access_token": ""})
    rdstation.given = 1

    assert get(owner(path, None)) == 200
    assert rdstation.given == 2


def test_given_a_token_that_is_refused_for_ever_then_one_renewal(path: Path, rdstation: Any) -> None:
    rdstation.dead = 1_000

    assert get(owner(path)) == 401
    assert rdstation.given == 1


def test_given_a_disk_that_fails_after_the_renewal_then_the_pair_is_used_and_a_warning_says_where_it_is(
    path: Path, rdstation: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(TokensFile, "_put_in_place", fail)
    rdstation.dead = 1

    assert get(owner(path)) == 200
    assert "Input/output error" in caplog.text
    assert "CONTROL message alone" in caplog.text
    assert "refresh-" not in caplog.text


def test_given_a_refusal_then_nothing_is_left_behind(path: Path, rdstation: Any) -> None:
    rdstation.given, rdstation.dead = 7, 1

    with pytest.raises(ConnectorError, match="no longer accepts the refresh token"):
        get(owner(path))

    assert [each.name for each in path.parent.iterdir()] == ["tokens.json.lock"]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def skip(_seconds: float) -> None:
        raise AssertionError("nothing here is worth a wait")

    monkeypatch.setattr("airbyte_rdstation.client.retry.time.sleep", skip)
    return skip
