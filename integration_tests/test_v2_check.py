"""`check` tells the causes of failure apart, each in a sentence, within a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from harness import Emulator, Run, Source, account, at_once, status_of
from servers import closed_port, stranger

Prepare = Callable[[Emulator, Source], object]


def wrong(field: str) -> Prepare:
    """A credential that is not the account's; an access token would hide it."""

    def prepare(_crm: Emulator, source: Source) -> None:
        del source.config["credentials"]["access_token"]
        source.config["credentials"][field] = "wrong-value-8731"

    return prepare


def dead_refresh_token(crm: Emulator, source: Source) -> None:
    crm.expire_access_tokens()
    crm.revoke_refresh_token()


def idle_for_weeks(crm: Emulator, source: Source) -> None:
    crm.advance_clock(15 * 86_400)
    del source.config["credentials"]["access_token"]


def set_to(**settings: object) -> Prepare:
    return lambda crm, _source: crm.settings(**settings)


def fault(kind: str, **parameters: Any) -> Prepare:
    return lambda crm, _source: crm.fault(kind, times=None, **parameters)


def at(url: str) -> Prepare:
    return lambda _crm, source: source.config.update(api_base_url=url)


# name: (group of causes that may share a sentence, words of which one has to occur, settings, preparation)
CAUSES: dict[str, tuple[str, tuple[str, ...], dict[str, Any], Prepare]] = {}
for variant in ("invalid_grant", "marketing", "gateway"):
    chosen: dict[str, Any] = {"token_error": variant}
    CAUSES |= {
        f"wrong-client-id-{variant}": ("client", ("client ID", "client id"), chosen, wrong("client_id")),
        f"wrong-client-secret-{variant}": ("client", ("client secret",), chosen, wrong("client_secret")),
        f"dead-refresh-token-{variant}": ("refresh token", ("uthorize",), chosen, dead_refresh_token),
    }
CAUSES |= {
    "refresh-token-idle-for-15-days": ("refresh token", ("uthorize",), {}, idle_for_weeks),
    "unknown-refresh-token": ("refresh token", ("uthorize",), {}, wrong("refresh_token")),
    "one-list-forbidden": ("one list", ("contacts",), {}, set_to(forbidden=["contacts"])),
    "plan-without-api": ("no list", ("plan",), {}, set_to(plan_without_api=True)),
    "access-token-of-another-product": ("other product", ("Marketing",), {}, fault("401", path="/crm/")),
    "redirect": ("redirect", ("address", "URL"), {}, fault("redirect")),
    "html-page": ("no API", ("HTML",), {}, fault("html_200")),
    "nothing-listens": ("network", ("network", "firewall"), {}, at(closed_port())),
    "name-does-not-resolve": ("name", ("resolved", "name"), {}, at("https://nothing.invalid")),
    "rate-limit-for-an-hour": ("rate", ("rate limit",), {}, fault("429", retry_after="3600")),
    "outage": ("outage", ("503", "unavailable"), {}, fault("503")),
    "silence": ("silence", ("no answer", "time"), {}, fault("stall", seconds=300)),
}


@pytest.fixture(scope="module")
def checked() -> Iterator[Callable[[str], Run]]:
    with at_once({name: partial(run_check, name) for name in CAUSES}) as result:
        yield result


def run_check(name: str) -> Run:
    _, _, settings, prepare = CAUSES[name]
    with account(**settings) as crm:
        source = Source(crm)
        prepare(crm, source)
        return source.check()


@pytest.mark.parametrize("name", CAUSES)
def test_given_a_cause_of_failure_when_checked_then_a_sentence_names_it_within_a_minute(
    checked: Callable[[str], Run], name: str
) -> None:
    run = checked(name)

    status, sentence = status_of(run)
    assert status == "FAILED"
    assert run.exit_code == 0
    assert any(word in sentence for word in CAUSES[name][1]), sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "wrong-value-8731" not in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert run.seconds < 60


def test_given_different_causes_when_checked_then_the_sentences_differ(checked: Callable[[str], Run]) -> None:
    sentences: dict[str, set[str]] = {}
    for name, (group, *_) in CAUSES.items():
        sentences.setdefault(status_of(checked(name))[1], set()).add(group)

    assert {sentence: groups for sentence, groups in sentences.items() if len(groups) > 1} == {}


def test_given_a_working_account_when_checked_then_succeeded_with_a_few_requests() -> None:
    with account() as crm:
        run = Source(crm).check()

        assert status_of(run) == ("SUCCEEDED", "")
        assert 1 <= len(crm.requests()) <= 5
        assert crm.oauth()["history"] == []


@pytest.mark.parametrize("alive", [True, False], ids=["access-token", "refresh-token-only"])
def test_given_a_host_that_is_not_rd_station_when_checked_then_the_address_is_named(alive: bool) -> None:
    with account() as crm, stranger(404, '{"message": "no Route matched with those values"}') as other:
        source = Source(crm, api_base_url=other.url)
        if not alive:
            del source.config["credentials"]["access_token"]

        status, sentence = status_of(source.check())

        assert status == "FAILED"
        assert "API base URL" in sentence
