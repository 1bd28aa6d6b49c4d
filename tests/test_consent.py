from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from airbyte_rdstation.authorize import InputError, code_of, command, consent_url, redirect_uri_of

STATE = "st4te"
CALLBACK = "https://app.exemplo.test/callback"
CODE = "Zq81kT0b9XcV"


def test_the_consent_address_carries_what_the_sheet_asks_for() -> None:
    url = consent_url("https://accounts.rdstation.com", "client&id", f"{CALLBACK}?tenant=a b", STATE)

    assert url.startswith("https://accounts.rdstation.com/oauth/authorize?")
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["client&id"],
        "redirect_uri": [f"{CALLBACK}?tenant=a b"],
        "state": [STATE],
    }


@pytest.mark.parametrize(
    "pasted",
    [
        pytest.param(f"{CALLBACK}?code={CODE}&state={STATE}", id="whole-address"),
        pytest.param(f"  '{CALLBACK}?code={CODE}&state={STATE}'\n", id="quoted-with-blanks"),
        pytest.param(f"{CALLBACK}?tenant=1&state={STATE}&code={CODE}#top", id="other-order-and-fragment"),
        pytest.param(f"{CALLBACK}?code={CODE}", id="no-state-came-back"),
        pytest.param(f"code={CODE}&state={STATE}", id="query-alone"),
        pytest.param(CODE, id="code-alone"),
    ],
)
def test_given_what_people_paste_then_the_code_is_found(pasted: str) -> None:
    assert code_of(pasted, STATE) == CODE


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        pytest.param(f"{CALLBACK}?code={CODE}&state=other", "another attempt", id="foreign-state"),
        pytest.param(f"{CALLBACK}?error=access_denied&state={STATE}", "denied", id="refused"),
        pytest.param(f"{CALLBACK}?error=invalid_scope", "callback URL", id="other-error"),
        pytest.param(CALLBACK, "no code", id="no-code"),
        pytest.param("https://[broken?code=", "no code", id="no-address"),
        pytest.param("", "no code", id="nothing"),
    ],
)
def test_given_nothing_usable_then_a_sentence_says_why_and_quotes_nothing(pasted: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        code_of(pasted, STATE)

    assert CODE not in str(refused.value)


@pytest.mark.parametrize(
    "uri", ["http://app.exemplo.test/callback", "https://", "app.exemplo.test", "https://a.test:x"]
)
def test_given_a_redirect_uri_that_rd_station_refuses_then_it_is_refused_at_once(uri: str) -> None:
    with pytest.raises(InputError, match="callback URL"):
        redirect_uri_of(uri)


def test_given_a_pasted_redirect_uri_then_its_blanks_are_cut() -> None:
    assert redirect_uri_of(f" {CALLBACK}\n") == CALLBACK


@pytest.mark.parametrize("is_on_path", [True, False])
def test_the_command_that_is_advised_can_be_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_on_path: bool
) -> None:
    scripts = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(scripts if is_on_path else tmp_path))

    advised = command("source-rdstation-crm")

    assert (advised == "source-rdstation-crm") == is_on_path
    (word,) = shlex.split(advised)
    found = shutil.which(word)
    assert found is not None
    assert Path(found).absolute() == scripts / "source-rdstation-crm"
