"""`rdstation-authorize` as a person uses it: from an application's credentials to a configuration that works."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

import prefork
from airbyte_rdstation.authorize import run
from harness import AccountSize, Emulator, account, launch, status_of
from servers import closed_port, stranger

SCRIPT = Path(sys.executable).with_name("rdstation-authorize")
CALLBACK = "https://app.exemplo.test/callback"
ADDRESS = re.compile(r"https?://\S+/oauth/authorize\?\S+")
Browser = Callable[[str], str]
"""What the user brings back from the consent page at an address."""


@dataclass
class Talk:
    """A finished conversation."""

    exit_code: int
    shown: str
    config: dict[str, Any] | None


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account(AccountSize(contacts=3, deals=3, organizations=3, tasks=3)) as running:
        yield running


@pytest.fixture
def output(tmp_path: Path, crm: Emulator) -> Path:
    crm.settings(token_error="invalid_grant", consent="given", consent_state=True, expires_in="ttl")
    crm.clear_faults()
    return tmp_path / "secrets" / "account.json"


def consent(address: str) -> str:
    """The user agrees, and copies the address to which the browser was sent."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def authorize(crm: Emulator, output: Path, *options: str, browser: Browser = consent, **environment: str) -> Talk:
    """One conversation, in this process: a start of the command takes a second, most of it in the CDK's import.

    Client ID and secret come from the environment, the pasted address from `browser`.
    """
    credentials = crm.oauth()["credentials"]
    given = {
        "RDSTATION_CLIENT_ID": credentials["client_id"],
        "RDSTATION_CLIENT_SECRET": credentials["client_secret"],
        "RDSTATION_REDIRECT_URI": CALLBACK,
        **environment,
    }
    shown = io.StringIO()

    def answer(question: str) -> str:
        shown.write(question)
        found = ADDRESS.search(shown.getvalue())
        assert found is not None, shown.getvalue()
        return browser(found[0])

    exit_code = 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(shown):
        for name, value in given.items():
            patch.setenv(name, value)
        patch.setattr("builtins.input", answer)
        try:
            run(["--api-base-url", crm.base_url, "--output", str(output), *options])
        except SystemExit as end:  # a text goes to stderr, with exit code 1
            shown.write(str(end.code))
            exit_code = end.code if isinstance(end.code, int) else 1
    config = json.loads(output.read_text(encoding="utf-8")) if output.is_file() else None
    return Talk(exit_code, shown.getvalue(), config)


def test_given_a_consent_then_the_written_configuration_works(crm: Emulator, output: Path) -> None:
    talk = authorize(crm, output)

    assert talk.exit_code == 0, talk.shown
    assert "5 minutes" in talk.shown
    assert "or `make sync` keep it for you" in talk.shown
    assert output.stat().st_mode & 0o777 == 0o600
    assert talk.config is not None
    assert set(talk.config) == {"credentials", "api_base_url"}
    credentials = talk.config["credentials"]
    assert credentials["api_version"] == "v2"
    assert credentials["access_token"] in crm.oauth()["access_tokens"]
    for secret in ("client_secret", "refresh_token", "access_token"):
        assert credentials[secret] not in talk.shown
    crm.clear_requests()
    assert status_of(launch("check", {"config": talk.config})) == ("SUCCEEDED", "")
    assert [entry["path"] for entry in crm.requests() if "oauth" in entry["path"]] == []  # the pair is fresh


def test_given_the_written_refresh_token_when_the_access_token_dies_then_it_renews(crm: Emulator, output: Path) -> None:
    talk = authorize(crm, output)
    crm.expire_access_tokens()

    assert status_of(launch("check", {"config": talk.config})) == ("SUCCEEDED", "")


def test_given_the_destination_then_its_configuration_has_no_api_version_and_a_mode(
    crm: Emulator, output: Path
) -> None:
    talk = authorize(crm, output, "--for", "destination")

    assert "or `make push` keep it for you" in talk.shown
    assert talk.config is not None
    assert talk.config["mode"] == "contacts"
    assert set(talk.config["credentials"]) == {
        "client_id",
        "client_secret",
        "refresh_token",
        "access_token",
        "token_expiry_date",
    }


@pytest.mark.parametrize("reported", ["absent", "1"])
def test_given_a_lifetime_or_none_then_the_expiry_is_written(crm: Emulator, output: Path, reported: str) -> None:
    crm.settings(expires_in=reported)

    talk = authorize(crm, output)

    assert talk.config is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", talk.config["credentials"]["token_expiry_date"])


def test_given_no_state_in_the_redirect_then_it_works_all_the_same(crm: Emulator, output: Path) -> None:
    crm.settings(consent_state=False)

    assert authorize(crm, output).exit_code == 0


def test_given_a_bare_code_then_it_works(crm: Emulator, output: Path) -> None:
    def copy_the_code(address: str) -> str:
        return re.sub(r".*code=(\w+).*", r"\1", consent(address))

    assert authorize(crm, output, browser=copy_the_code).exit_code == 0


def late(crm: Emulator) -> Browser:
    def browser(address: str) -> str:
        back = consent(address)
        crm.advance_clock(301)
        return back

    return browser


def twice(crm: Emulator) -> Browser:
    def browser(address: str) -> str:
        back = consent(address)
        credentials = crm.oauth()["credentials"]
        form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code": back.split("code=")[1][:32]}
        form |= {name: credentials[name] for name in ("client_id", "client_secret")}
        assert requests.post(f"{crm.base_url}/oauth2/token", data=form, timeout=10).ok
        return back

    return browser


def elsewhere(_crm: Emulator) -> Browser:
    """A code that was asked for with another redirect URI."""
    return lambda address: consent(address.replace("callback", "other"))


TOKEN_ERRORS = ("invalid_grant", "marketing", "gateway")


@pytest.mark.parametrize("token_error", TOKEN_ERRORS)
@pytest.mark.parametrize("user", [late, twice, elsewhere])
def test_given_a_code_that_is_dead_then_the_sentence_says_so(
    crm: Emulator, output: Path, user: Callable[[Emulator], Browser], token_error: str
) -> None:
    crm.settings(token_error=token_error)

    assert_refused(authorize(crm, output, browser=user(crm)), "5 minutes")


@pytest.mark.parametrize("token_error", TOKEN_ERRORS)
def test_given_a_wrong_secret_then_the_sentence_names_it(crm: Emulator, output: Path, token_error: str) -> None:
    crm.settings(token_error=token_error)

    talk = authorize(crm, output, RDSTATION_CLIENT_SECRET="wr0ng-secret")

    assert_refused(talk, "client secret")
    assert "wr0ng-secret" not in talk.shown


def test_given_a_refusal_then_the_sentence_says_so(crm: Emulator, output: Path) -> None:
    crm.settings(consent="refused")

    assert_refused(authorize(crm, output), "denied")


def test_given_the_address_of_another_attempt_then_no_token_is_asked_for(crm: Emulator, output: Path) -> None:
    crm.clear_requests()

    talk = authorize(crm, output, browser=lambda address: consent(re.sub("state=[^&]+", "state=foreign", address)))

    assert_refused(talk, "another attempt")
    assert [entry["path"] for entry in crm.requests()] == ["/oauth/authorize"]


FAULTS = {
    "429": ("rate limit", {"kind": "429"}),
    "503": ("out of order", {"kind": "503"}),
    "html": ("token endpoint", {"kind": "html_200"}),
    "redirect": ("token endpoint", {"kind": "redirect"}),
    "reset": ("nothing answers", {"kind": "reset"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_given_a_failing_token_endpoint_then_a_sentence_says_how(crm: Emulator, output: Path, name: str) -> None:
    words, fault = FAULTS[name]
    crm.fault(path="/oauth2/", **fault)

    assert_refused(authorize(crm, output), words)


def test_given_a_host_that_is_not_rd_station_then_the_sentence_names_the_address(crm: Emulator, output: Path) -> None:
    with stranger(200, '{"hello": "there"}') as other:
        accounts = ("--accounts-base-url", crm.base_url)

        assert_refused(authorize(crm, output, "--api-base-url", other.url, *accounts), "without an access token")
        assert_refused(authorize(crm, output, "--api-base-url", closed_port(), *accounts), "nothing answers")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--redirect-uri", "http://app.exemplo.test"), "must be an https:// address"),
        (("--api-base-url", "http://api.exemplo.test"), "must start with https://"),
        (("--output", "/"), "exists"),
    ],
)
def test_given_what_cannot_work_then_it_is_said_before_anybody_consents(
    crm: Emulator, output: Path, options: tuple[str, str], words: str
) -> None:
    talk = authorize(crm, output, *options)

    assert_refused(talk, words)
    assert ADDRESS.search(talk.shown) is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ('{"error": "invalid_grant", "error_description": "secret-detail"}', "5 minutes"),
        ('{"error": "server_error"}', "refuses to give tokens"),
        ('{"access_token": "a1b2c3"}', "without a refresh token"),
        ('["a1b2c3"]', "token endpoint"),
    ],
)
def test_given_a_200_without_tokens_then_a_sentence_says_so(
    crm: Emulator, output: Path, answer: str, words: str
) -> None:
    with stranger(200, answer) as other:
        talk = authorize(crm, output, "--api-base-url", other.url, "--accounts-base-url", crm.base_url)

    assert_refused(talk, words)
    assert "secret-detail" not in talk.shown
    assert "a1b2c3" not in talk.shown


@pytest.mark.parametrize("extra", ['"expires_in": "two hours"', '"expires_in": 7200.5', '"error": null'])
def test_given_an_odd_answer_with_tokens_then_they_are_kept(crm: Emulator, output: Path, extra: str) -> None:
    with stranger(200, '{"access_token": "a1b2c3", "refresh_token": "d4e5f6", ' + extra + "}") as other:
        talk = authorize(crm, output, "--api-base-url", other.url, "--accounts-base-url", crm.base_url)

    assert talk.config is not None, talk.shown
    assert talk.config["credentials"]["refresh_token"] == "d4e5f6"
    (sent,) = other.received
    assert "Authorization:" not in sent  # id and secret travel in the body [doc]
    assert "client_secret=" in sent
    assert "grant_type=authorization_code" in sent


def test_given_a_file_then_it_is_replaced_only_when_forced(crm: Emulator, output: Path) -> None:
    output.parent.mkdir()
    output.write_text('{"precious": true}', encoding="utf-8")
    output.chmod(0o644)

    refused = authorize(crm, output)
    assert refused.exit_code == 1
    assert "--force" in refused.shown
    assert refused.config == {"precious": True}

    assert authorize(crm, output, "--force").exit_code == 0
    assert output.stat().st_mode & 0o777 == 0o600


def test_given_a_tokens_file_then_the_configuration_names_it_and_every_runner_keeps_the_tokens(
    crm: Emulator, output: Path
) -> None:
    tokens = output.parent / "more" / "tokens.json"

    talk = authorize(crm, output, "--tokens-path", os.path.relpath(tokens))

    assert talk.config is not None, talk.shown
    assert talk.config["tokens_path"] == str(tokens)
    assert f"kept in {tokens}" in talk.shown
    crm.expire_access_tokens()
    for _ in range(2):
        assert status_of(launch("check", {"config": talk.config})) == ("SUCCEEDED", "")


@pytest.mark.parametrize("tokens", ["account.json", "."])
def test_given_a_tokens_file_that_cannot_be_one_then_it_is_said_before_anybody_consents(
    crm: Emulator, output: Path, tokens: str
) -> None:
    output.parent.mkdir()

    talk = authorize(crm, output, "--tokens-path", str(output.parent / tokens))

    assert_refused(talk, "Name a file" if tokens == "." else "another file than --output")
    assert ADDRESS.search(talk.shown) is None


def test_given_a_file_that_appears_meanwhile_then_it_is_left_alone(crm: Emulator, output: Path) -> None:
    def another_program_writes(address: str) -> str:
        output.write_text('{"precious": true}', encoding="utf-8")
        return consent(address)

    talk = authorize(crm, output, browser=another_program_writes)

    assert talk.exit_code == 1
    assert talk.config == {"precious": True}


def test_given_a_terminal_then_the_secret_is_asked_for_and_not_shown(crm: Emulator, output: Path) -> None:
    credentials = crm.oauth()["credentials"]
    command = [str(SCRIPT), "--api-base-url", crm.base_url, "--output", str(output)]
    pid, terminal = pty.fork()
    if pid == 0:  # the command, with a terminal of its own
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    answers = {
        "Client ID": credentials["client_id"],
        "Client secret": credentials["client_secret"],
        "Callback URL": CALLBACK,
        "Address after": "",
    }
    shown = ""
    with os.fdopen(terminal, "r+b", buffering=0) as screen:
        for question, answer in answers.items():
            while question not in shown.rpartition("\n")[2]:
                shown += screen.read(4096).decode()
            found = ADDRESS.search(shown)
            screen.write((consent(found[0]) if found else answer).encode() + b"\n")
        _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert output.is_file()
    assert credentials["client_secret"] not in shown


def test_given_a_mistake_when_run_then_one_line_on_stderr_and_exit_code_1(output: Path) -> None:
    command = [str(SCRIPT), "--api-base-url", "http://api.exemplo.test", "--output", str(output)]

    done = prefork.call("airbyte_rdstation.authorize", "run", command)

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "must start with https://" in done.stderr


def assert_refused(talk: Talk, words: str) -> None:
    assert talk.exit_code == 1, talk.shown
    sentence = talk.shown.strip().splitlines()[-1]
    assert "rdstation-authorize: " in sentence
    assert words in sentence
    assert "Traceback" not in talk.shown
    assert talk.config is None
