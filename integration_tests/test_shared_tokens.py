"""`tokens_path`: whoever runs a connector and whatever becomes of its CONTROL messages, no refresh token is lost."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

import prefork
from harness import Emulator, account, status_of
from shared_tokens import SMALL, configuration, hindered, kept, outcomes, run, shared_account, write
from test_signals import running

pytestmark = pytest.mark.waits(10)

POINTS = 20

crm, path = shared_account()


def test_given_a_runner_that_keeps_nothing_when_commands_follow_each_other_then_one_rotation(
    crm: Emulator, path: Path
) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()

    runs = [run(command, config) for command in ("check", "discover", "read", "read")] + [write(config)]

    assert [each.exit_code for each in runs] == [0] * 5, runs[-1].log
    assert outcomes(crm) == ["rotated"]
    assert kept(path)[0]["refresh_token"] in crm.oauth()["refresh_tokens"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in path.parent.iterdir()} == {"tokens.json", "tokens.json.lock"}
    assert path.with_name("tokens.json.lock").read_bytes() == b""
    for each in runs:
        ((_, told),) = each.controls
        assert told["credentials"]["refresh_token"] == kept(path)[0]["refresh_token"]
        assert told["tokens_path"] == str(path)


def test_given_two_processes_at_once_when_the_token_has_died_twenty_times_then_one_rotation_each_time(
    crm: Emulator, path: Path
) -> None:
    config = configuration(crm, path)
    with ThreadPoolExecutor(2) as pool:
        for rotations in range(1, POINTS + 1):
            crm.expire_access_tokens()

            runs = list(pool.map(lambda start: start(config), [lambda config: run("read", config), write]))

            assert [each.exit_code for each in runs] == [0, 0], runs[0].log + runs[1].log
            assert outcomes(crm) == ["rotated"] * rotations


def test_given_a_token_that_dies_again_while_another_process_renews_then_both_end_well(
    crm: Emulator, path: Path
) -> None:
    """What the file holds may be dead as well: it is renewed in turn."""
    config = configuration(crm, path)
    crm.expire_access_tokens()
    run("check", config)
    crm.expire_access_tokens()

    assert run("read", config).exit_code == 0
    assert outcomes(crm) == ["rotated"] * 2


@pytest.fixture(scope="module")
def lines_of_a_renewal(tmp_path_factory: pytest.TempPathFactory) -> int:
    folder = tmp_path_factory.mktemp("counted")
    with account(SMALL) as crm:
        config = configuration(crm, folder / "tokens.json")
        crm.expire_access_tokens()
        assert hindered(config, folder).returncode == 0
    return int((folder / "lines").read_text())


@pytest.mark.parametrize("point", range(POINTS))
def test_given_kill_9_at_any_line_of_a_renewal_then_the_next_run_works(
    crm: Emulator, tmp_path: Path, lines_of_a_renewal: int, point: int
) -> None:
    path = tmp_path / "tokens.json"
    config = configuration(crm, path)
    crm.expire_access_tokens()

    killed = hindered(config, tmp_path, kill_at=1 + point * (lines_of_a_renewal - 1) // (POINTS - 1))

    assert killed.returncode == -signal.SIGKILL
    spent = [refresh["new_refresh_token"] for refresh in crm.oauth()["history"]]
    held = "".join(each.read_text() for each in tmp_path.glob("tokens.json*"))
    after = run("check", config)
    if spent and spent[0] not in held:  # between the answer's arrival and the first write: no client can do anything
        assert "or the process was killed" in status_of(after)[1]
        crm.authorize_again()
        config = configuration(crm, path)
    assert status_of(run("check", config)) == ("SUCCEEDED", "")
    assert run("read", config).exit_code == 0


def test_given_a_process_that_was_killed_before_its_answer_came_then_it_is_said_until_authorized_again(
    crm: Emulator, path: Path
) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()
    crm.settings(rotate_lost=9)

    for _ in range(2):
        state, said = status_of(run("check", config))
        assert state == "FAILED"
        assert "Authorize the connection again" in said
        assert "was killed" in said
    crm.settings(rotate_lost=0)
    crm.authorize_again()

    assert status_of(run("check", configuration(crm, path)))[0] == "SUCCEEDED"


def test_given_sigterm_during_a_renewal_then_the_pair_is_kept_and_published_before_it_ends(
    crm: Emulator, tmp_path: Path, path: Path
) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()
    crm.fault("stall", path="/oauth2/token", seconds=1.5, then="answer")
    given = tmp_path / "config.json"
    given.write_bytes(orjson.dumps(config))
    with running("source-rdstation-crm", "check", "--config", str(given)) as process:
        while not any("oauth2" in request["path"] for request in crm.requests()):
            pass  # the emulator's answer is waited for in each round
        os.kill(process.pid, signal.SIGTERM)
        assert process.stdout is not None
        printed = process.stdout.read()

        assert process.wait(10) == -signal.SIGTERM
    assert outcomes(crm) == ["rotated"]
    assert kept(path)[0]["refresh_token"] in crm.oauth()["refresh_tokens"]
    assert b'"CONTROL"' in printed
    assert status_of(run("check", config))[0] == "SUCCEEDED"


def test_given_a_tokens_file_when_probed_then_its_tokens_are_used_and_renewed_ones_kept(
    crm: Emulator, tmp_path: Path, path: Path
) -> None:
    config, probed = configuration(crm, path), tmp_path / "config.json"
    crm.expire_access_tokens()
    run("check", config)
    crm.expire_access_tokens()
    probed.write_bytes(orjson.dumps(config))

    done = prefork.call("airbyte_rdstation.probe.run", "run", ["rdstation-probe", "--config", str(probed)])

    assert done.returncode == 0, done.stderr
    assert run("check", config).exit_code == 0
    assert [each for each in outcomes(crm) if each != "unknown"] == [
        "rotated"
    ] * 2  # it asks about an invented one, too


# --- file and configuration disagree


def test_given_a_configuration_authorized_anew_then_it_wins(crm: Emulator, path: Path) -> None:
    old = configuration(crm, path)
    crm.expire_access_tokens()
    run("check", old)
    crm.revoke_refresh_token()
    crm.expire_access_tokens()
    crm.authorize_again()

    new = configuration(crm, path)

    assert "holds no tokens of this authorization" in (first := run("check", new)).log
    assert status_of(first) == ("SUCCEEDED", "")
    crm.expire_access_tokens()
    assert [run("read", new).exit_code for _ in range(2)] == [0, 0]
    assert "Authorize the connection again" in status_of(run("check", old))[1]


def test_given_configurations_of_any_age_then_each_finds_the_newest_pair(crm: Emulator, path: Path) -> None:
    configs = [configuration(crm, path)]
    for _ in range(3):
        crm.expire_access_tokens()
        ((_, told),) = run("check", configs[-1]).controls
        configs.append(told)

    assert {status_of(run("check", config)) for config in configs} == {("SUCCEEDED", "")}
    assert outcomes(crm) == ["rotated"] * 3


def test_given_a_file_from_a_backup_when_the_platform_has_newer_tokens_then_these_are_used(
    crm: Emulator, path: Path
) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()
    run("check", config)
    backup = path.read_bytes()
    crm.expire_access_tokens()
    (_, newest) = run("check", config).controls[-1]
    path.write_bytes(backup)

    assert status_of(run("check", newest)) == ("SUCCEEDED", "")
    assert outcomes(crm) == ["rotated"] * 2


def test_given_two_accounts_in_one_file_then_neither_gets_the_other_s_tokens(crm: Emulator, path: Path) -> None:
    with account(SMALL, seed=2) as other:
        accounts = {each: configuration(each, path) for each in (crm, other)}
        for _ in range(2):
            for each, config in accounts.items():
                each.expire_access_tokens()
                assert run("read", config).ids("deals") == each.ids("deals")

        assert outcomes(crm) == outcomes(other) == ["rotated"] * 2
        assert len(kept(path)) == 2


def test_given_another_application_then_the_file_s_tokens_are_not_used(crm: Emulator, path: Path) -> None:
    config = configuration(crm, path)
    crm.expire_access_tokens()
    run("check", config)
    config["credentials"]["client_id"] = "another"

    assert run("check", config).controls == []
