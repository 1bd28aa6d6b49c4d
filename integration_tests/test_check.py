"""`check` tells the causes of failure apart, each in a sentence, within a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from harness import (
    V1,
    V2,
    VERSIONS,
    Emulator,
    Jobs,
    Run,
    Source,
    Version,
    account,
    at_once,
    for_each_version,
    status_of,
)
from servers import closed_port, stranger

pytestmark = pytest.mark.waits(40)

Prepare = Callable[[Emulator, Source], object]
WRONG = "wrong-value-8731"


def wrong(name: str) -> Prepare:
    """A credential that is not the account's; an access token would hide it."""

    def prepare(_crm: Emulator, source: Source) -> None:
        del source.config["credentials"]["access_token"]
        source.config["credentials"][name] = WRONG

    return prepare


def given(name: str, value: str | None) -> Prepare:
    """Another value of a credential; None leaves it out."""

    def prepare(_crm: Emulator, source: Source) -> None:
        credentials = {**source.config["credentials"], name: value}
        source.config["credentials"] = {key: kept for key, kept in credentials.items() if kept is not None}

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


@dataclass(frozen=True)
class Cause:
    """Why a check fails, and the words of which one has to occur in its sentence."""

    group: str  # causes that may share a sentence
    words: tuple[str, ...]
    prepare: Prepare
    settings: Mapping[str, Any] = field(default_factory=dict)
    secret: str = WRONG  # what must not be printed


# What all APIs meet; what waits for long is tried only once.
SHARED = {
    "redirect": Cause("redirect", ("address", "URL"), fault("redirect")),
    "html-page": Cause("no API", ("HTML",), fault("html_200")),
    "nothing-listens": Cause("network", ("network", "firewall"), at(closed_port())),
    "name-does-not-resolve": Cause("name", ("resolved", "name"), at("https://nothing.invalid")),
    "outage": Cause("outage", ("503", "unavailable"), fault("503")),
}
WAITS = {
    "rate-limit-for-an-hour": Cause("rate", ("rate limit",), fault("429", retry_after="3600")),
    "silence": Cause("silence", ("no answer", "time"), fault("stall", seconds=300)),
}


SLOW = {cause.group for cause in WAITS.values()}


def causes(api: Version) -> dict[str, Cause]:
    """What this version meets."""
    return {**SHARED, **WAITS, **CAUSES_OF_V2} if api is V2 else {**SHARED, **CAUSES_OF_V1}


CAUSES_OF_V2: dict[str, Cause] = {}
for variant in ("invalid_grant", "marketing", "gateway"):
    chosen: dict[str, Any] = {"token_error": variant}
    CAUSES_OF_V2 |= {
        f"wrong-client-id-{variant}": Cause("client", ("client ID", "client id"), wrong("client_id"), chosen),
        f"wrong-client-secret-{variant}": Cause("client", ("client secret",), wrong("client_secret"), chosen),
        f"dead-refresh-token-{variant}": Cause("refresh token", ("uthorize",), dead_refresh_token, chosen),
    }
CAUSES_OF_V2 |= {
    "refresh-token-idle-for-15-days": Cause("refresh token", ("uthorize",), idle_for_weeks),
    "unknown-refresh-token": Cause("refresh token", ("uthorize",), wrong("refresh_token")),
    "one-list-forbidden": Cause("one list", ("contacts",), set_to(forbidden=["contacts"])),
    "plan-without-api": Cause("no list", ("plan",), set_to(plan_without_api=True)),
    "access-token-of-another-product": Cause("other product", ("Marketing",), fault("401", path="/crm/")),
}
ALL_LISTS = sorted({V1.path(stream).rpartition("/")[2] for stream in V1.streams} | {"deals"})
CAUSES_OF_V1: dict[str, Cause] = {
    # The API cannot tell a wrong token from one that was disabled (crm-v1.md#basics): one sentence for both.
    "wrong-token": Cause("token", ("token",), given("access_token", WRONG)),
    "disabled-token": Cause("token", ("token",), set_to(v1_token="disabled")),
    "empty-token": Cause("no token", ("credentials.access_token",), given("access_token", "")),
    "missing-token": Cause("no token", ("credentials.access_token",), given("access_token", None)),
    **{
        f"one-list-forbidden-{refusal}": Cause(
            "one list", ("contacts",), set_to(v1_forbidden=["contacts"], v1_refusal=refusal)
        )
        for refusal in ("403", "422")
    },
    **{
        f"all-lists-forbidden-{refusal}": Cause(
            "no list", ("plan",), set_to(v1_forbidden=ALL_LISTS, v1_refusal=refusal)
        )
        for refusal in ("403", "422")
    },
}
CAUSES = {f"{api}-{name}": (api, cause) for api in VERSIONS for name, cause in causes(api).items()}


@pytest.fixture(scope="module")
def checked() -> Iterator[Jobs[Run]]:
    with at_once({name: partial(run_check, *CAUSES[name]) for name in CAUSES}) as result:
        yield result


def run_check(api: Version, cause: Cause) -> Run:
    with account(**cause.settings) as crm:
        source = Source(crm, api)
        cause.prepare(crm, source)
        return source.check()


def assert_told(run: Run, cause: Cause) -> None:
    """The check failed with a sentence that names its cause and quotes nothing, within a minute."""
    status, sentence = status_of(run)
    assert status == "FAILED"
    assert run.exit_code == 0
    assert any(word in sentence for word in cause.words), sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert cause.secret not in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert run.seconds < 60


def assert_sentences_differ(checked: Jobs[Run], own: Mapping[str, Cause]) -> None:
    """No sentence stands for causes of two groups, as far as one cause of each shows."""
    one_of = {cause.group: name for name, cause in own.items()}
    checked.begin(*one_of.values())
    sentences: dict[str, set[str]] = {}
    for group, name in one_of.items():
        sentences.setdefault(status_of(checked(name))[1], set()).add(group)
    assert {sentence: groups for sentence, groups in sentences.items() if len(groups) > 1} == {}


@pytest.mark.parametrize("name", CAUSES)
def test_given_a_cause_of_failure_when_checked_then_a_sentence_names_it_within_a_minute(
    checked: Jobs[Run], name: str
) -> None:
    assert_told(checked(name), CAUSES[name][1])


@for_each_version
def test_given_different_causes_when_checked_then_the_sentences_differ(checked: Jobs[Run], api: Version) -> None:
    causes_of_api = {name: cause for name, (version, cause) in CAUSES.items() if version is api}
    # Those that wait for long, another worker of pytest may wait for, too.
    assert_sentences_differ(checked, {name: cause for name, cause in causes_of_api.items() if cause.group not in SLOW})


@for_each_version
def test_given_a_working_account_when_checked_then_succeeded_with_a_few_requests(api: Version) -> None:
    with account() as crm:
        run = Source(crm, api).check()

        assert status_of(run) == ("SUCCEEDED", "")
        assert 1 <= len(crm.requests()) <= (8 if api is V1 else 5)  # v1 also looks for what the user may not see
        assert crm.oauth()["history"] == []


@pytest.mark.parametrize("status", ["500", "503"])
@for_each_version
def test_given_a_list_that_fails_twice_when_checked_then_it_is_tried_again(api: Version, status: str) -> None:
    with account() as crm:
        crm.fault(status, path=f"^{api.root}/", times=2)

        assert status_of(Source(crm, api).check())[0] == "SUCCEEDED"


def test_given_a_token_endpoint_that_fails_twice_when_checked_then_it_is_tried_again() -> None:
    with account() as crm:
        crm.expire_access_tokens()
        crm.fault("503", path="^/oauth2/", times=2)

        assert status_of(Source(crm, V2).check())[0] == "SUCCEEDED"


HOSTS: dict[str, tuple[Version, str]] = {  # the version, and the credential that is left out
    "v2-access-token": (V2, ""),
    "v2-refresh-token-only": (V2, "access_token"),
    "v1": (V1, ""),
}


@pytest.mark.parametrize("name", HOSTS)
def test_given_a_host_that_is_not_rd_station_when_checked_then_the_address_is_named(name: str) -> None:
    api, without = HOSTS[name]
    with account() as crm, stranger(404, '{"message": "no Route matched with those values"}') as other:
        source = Source(crm, api, api_base_url=other.url)
        if without:
            del source.config["credentials"][without]

        status, sentence = status_of(source.check())

        assert status == "FAILED"
        assert "API base URL" in sentence
