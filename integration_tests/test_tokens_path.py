"""`tokens_path` in a place or with a content that keeps no tokens: one sentence, and nothing is spent."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from harness import AccountSize, Emulator, account, catalog, launch, status_of
from shared_tokens import change, configuration, hindered, kept, outcomes, run, shared_account, write

pytestmark = pytest.mark.waits(10)

crm, path = shared_account()


def missing_folder(path: Path) -> Path:
    return path.parent / "missing" / path.name


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def foreign(path: Path) -> Path:
    path.write_text('{"credentials": {}}')
    return path


BAD_PLACES: dict[str, tuple[Callable[[Path], Path | str | int], str]] = {
    "missing": (missing_folder, "does not exist. Create it."),
    "folder": (folder, "is a folder"),
    "foreign": (foreign, "holds something else than this connector's tokens"),
    "relative": (lambda _: "tokens.json", "must be an absolute path"),
    "no-folders-below": (lambda _: "/dev/null/tokens.json", "does not exist. Create it."),
    "device": (lambda _: "/dev/full", "is a folder or a device"),
    "too-long": (lambda path: path.with_name("x" * 300), "cannot be used (File name too long)"),
    "number": (lambda _: 7, "must be a text"),
}


@pytest.mark.parametrize("place", BAD_PLACES)
def test_given_a_place_that_keeps_no_tokens_then_a_sentence_and_nothing_is_spent(
    crm: Emulator, path: Path, place: str
) -> None:
    make, words = BAD_PLACES[place]
    config = {**configuration(crm, path), "tokens_path": at if isinstance(at := make(path), int) else str(at)}
    crm.expire_access_tokens()

    for each in (run("check", config), run("read", config), write(config)):
        told = each.log if not each.of_type("CONNECTION_STATUS") else status_of(each)[1]
        assert words in told
        assert "tokens_path" in told
    assert crm.requests() == []


def test_given_a_full_disk_then_a_sentence_and_nothing_is_spent(crm: Emulator, tmp_path: Path, path: Path) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()

    done = hindered(config, tmp_path, longest=1_000, count=False)

    assert "No token was spent" in done.stdout
    assert outcomes(crm) == []
    assert status_of(run("check", config))[0] == "SUCCEEDED"


@pytest.mark.parametrize("length", [0, 10, 100])
def test_given_a_file_that_is_cut_or_empty_then_the_configuration_s_tokens_are_used(
    crm: Emulator, path: Path, length: int
) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()
    ((_, newest),) = run("check", config).controls
    path.write_bytes(path.read_bytes()[:length])
    crm.expire_access_tokens()

    again = run("check", newest)

    assert status_of(again) == ("SUCCEEDED", "")
    assert ("is damaged" in again.log) == (length > 0)
    assert outcomes(crm) == ["rotated"] * 2
    assert len(kept(path)) == 1


@pytest.mark.parametrize("field", ["access_token", "token_expiry_date", "renewed_at", "led_here", "refresh_token"])
@pytest.mark.parametrize("value", [None, 7, "", "ontem", []])
def test_given_a_file_with_any_value_when_checked_then_an_answer(
    crm: Emulator, path: Path, field: str, value: object
) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()
    run("check", config)
    change(path, **{field: value})

    after = run("check", config)

    assert after.exit_code == 0
    assert "ended in an error that it does not know" not in after.log


def test_given_a_file_that_others_can_read_then_it_is_tightened_with_one_warning(crm: Emulator, path: Path) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()
    run("check", config)
    path.chmod(0o644)

    runs = [run("check", config) for _ in range(2)]

    assert [each.log.count("could be read by other users") for each in runs] == [1, 0]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o277])
def test_given_any_umask_when_kept_then_no_other_user_can_ever_read_it(crm: Emulator, path: Path, umask: int) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()
    before = os.umask(umask)
    try:
        modes: set[int] = set()
        done = threading.Event()

        def watch() -> None:
            while not done.is_set():
                for each in path.parent.glob("tokens.json*"):
                    with suppress(FileNotFoundError):  # it has been put in place meanwhile
                        modes.add(each.stat().st_mode & 0o077)

        watcher = threading.Thread(target=watch)
        watcher.start()
        run("check", config)
        done.set()
        watcher.join()
    finally:
        os.umask(before)
    assert modes == {0}


@pytest.mark.parametrize("hours", [-1, 1, -3, 3])
def test_given_a_clock_that_is_off_then_no_token_is_lost(crm: Emulator, path: Path, hours: int) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()
    run("check", config)
    moment = datetime.now(timezone.utc) + timedelta(hours=hours)
    change(
        path,
        renewed_at=moment.isoformat(),
        token_expiry_date=(moment + timedelta(hours=2)).isoformat(),
    )

    assert [run(command, config).exit_code for command in ("check", "read", "read")] == [0, 0, 0]
    crm.expire_access_tokens()
    assert run("read", config).exit_code == 0
    assert set(outcomes(crm)) == {"rotated"}
    assert len(outcomes(crm)) <= 3


def test_given_tokens_of_2_s_when_two_processes_read_then_no_refresh_token_is_used_twice(path: Path) -> None:
    with account(AccountSize(deals=60, contacts=60), access_token_ttl_s=2, latency_s=0.05) as crm:
        config = {**configuration(crm, path), "requests_per_minute": 1_200, "num_workers": 2}
        with ThreadPoolExecutor(2) as pool:
            both = list(
                pool.map(lambda _: launch("read", {"config": config, "catalog": catalog(["deal_notes"])}), "ab")
            )

        assert [each.exit_code for each in both] == [0, 0], both[0].log
        assert set(outcomes(crm)) == {"rotated"}
        assert len(outcomes(crm)) >= 2
