"""Configurations, catalogs and states of the wrong shape: a clear config error, and nothing is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest

from harness import V1, V2, Message, Run, Source, Version, account, at_once, catalog, launch, often, status_of

SECRET = "um-segredo-inventado"
DELETE = object()


def changed(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    """The working configuration with other top-level values."""
    return lambda config: {**config, **changes}


def credential(name: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    """The working configuration with another credential, or without it."""

    def change(config: dict[str, Any]) -> dict[str, Any]:
        credentials = {**config["credentials"], name: value}
        return {**config, "credentials": {key: kept for key, kept in credentials.items() if kept is not DELETE}}

    return change


def instead(content: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda _config: content


NEXT_YEAR = (datetime.now(timezone.utc) + timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%SZ")
# name: (what becomes of the configuration, the word that the sentence has to hold)
CONFIGS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a-list": (instead([1, 2]), "onfiguration"),
    "a-text": (instead("credentials"), "onfiguration"),
    "no-json": (instead(b"{credentials:"), "onfiguration"),
    "empty-file": (instead(b""), "onfiguration"),
    "empty-object": (instead({}), "credentials"),
    "credentials-a-list": (changed(credentials=[SECRET]), "credentials"),
    "api-version-unknown": (credential("api_version", "v3"), "api_version"),
    "refresh-token-missing": (credential("refresh_token", DELETE), "refresh_token"),
    "client-secret-empty": (credential("client_secret", " "), "client_secret"),
    "client-id-a-number": (credential("client_id", 12), "client_id"),
    "start-date-no-date": (changed(start_date="ontem"), "start_date"),
    "start-date-a-number": (changed(start_date=20240131), "start_date"),
    "start-date-in-the-future": (changed(start_date=NEXT_YEAR), "start_date"),
    "http-to-a-foreign-host": (changed(api_base_url="http://api.exemplo.test"), "api_base_url"),
    "http-to-a-host-that-looks-local": (changed(api_base_url="http://127.0.0.1.exemplo.test"), "api_base_url"),
    "no-web-address": (changed(api_base_url="ftp://127.0.0.1"), "api_base_url"),
    "requests-per-minute-zero": (changed(requests_per_minute=0), "requests_per_minute"),
    "requests-per-minute-a-text": (changed(requests_per_minute="fast"), "requests_per_minute"),
    "too-many-workers": (changed(num_workers=21), "num_workers"),
}
CONFIGS_V1: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "v1-token-missing": (credential("access_token", DELETE), "credentials.access_token"),
    "v1-token-empty": (credential("access_token", ""), "credentials.access_token"),
    "v1-token-blank": (credential("access_token", " "), "credentials.access_token"),
    "v1-token-a-number": (credential("access_token", 12), "credentials.access_token"),
    "v1-start-date-no-date": (changed(start_date="ontem"), "start_date"),
}


def state_of(stream: str, **stream_state: Any) -> list[Message]:
    return [{"type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": stream_state}}]


UNKNOWN_STREAM: Message = {
    "stream": {"name": "negocios", "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]},
    "sync_mode": "full_refresh",
    "destination_sync_mode": "append",
}
GLOBAL = {"type": "GLOBAL", "global": {"shared_state": {"page": 7}, "stream_states": []}}
LEGACY = {"type": "LEGACY", "data": {"deals": {"updated_at": "2026-01-01T00:00:00.000Z"}}}
AT: dict[str, Any] = {"started": "2026-01-01T00:00:00.000Z", "latest": None}
# name: (files beside the configuration, the word that the sentence has to hold)
FILES: dict[str, tuple[dict[str, Any], str]] = {
    "catalog-with-an-unknown-stream": ({"catalog": {"streams": [UNKNOWN_STREAM]}}, "negocios"),
    "catalog-of-another-shape": ({"catalog": {"streams": ["deals"]}}, "atalog"),
    "catalog-no-json": ({"catalog": b"{"}, "atalog"),
    "state-no-json": ({"state": b'[{"type": '}, "tate"),
    "state-a-text": ({"state": "deals"}, "tate"),
    "state-of-another-connector": ({"state": state_of("deals", page=7)}, "deals"),
    "state-with-a-cursor-that-is-no-date": ({"state": state_of("deals", updated_at="ontem")}, "deals"),
    "state-with-a-cursor-that-is-a-number": ({"state": state_of("contacts", updated_at=1767225600)}, "contacts"),
    "position-of-another-shape": ({"state": state_of("contacts", position={**AT, "ranges": "all"})}, "contacts"),
    "position-of-tasks-for-contacts": ({"state": state_of("contacts", position={**AT, "page": 3})}, "contacts"),
    "state-of-children-with-a-position": (
        {"state": state_of("deal_notes", position={"started": AT["started"]})},
        "deal_notes",
    ),
    "state-of-children-of-another-shape": ({"state": state_of("deal_notes", recent=["x"])}, "deal_notes"),
    "state-that-is-global": ({"state": [GLOBAL]}, "tate"),
    "state-of-the-time-before-streams": ({"state": [LEGACY]}, "tate"),
    "state-that-is-no-list": ({"state": LEGACY["data"]}, "tate"),
}  # fmt: skip

AT_V1: dict[str, Any] = {"position": {**AT, "ranges": [["2026-01-01T00:00:00.000Z", None]]}}
FILES_V1: dict[str, tuple[dict[str, Any], str]] = {
    "v1-state-of-another-connector": ({"state": state_of("companies", page=7)}, "companies"),
    "v1-state-with-a-cursor-that-is-no-date": (
        {"state": state_of("deals_details", updated_at="ontem")},
        "deals_details",
    ),
    "v1-state-with-a-cursor-that-is-a-number": ({"state": state_of("contacts", updated_at=1767225600)}, "contacts"),
    "v1-state-of-the-position-of-v2": ({"state": state_of("contacts", **AT_V1)}, "contacts"),
    "v1-state-that-is-global": ({"state": [GLOBAL]}, "tate"),
}
ALL_CONFIGS, ALL_FILES = {**CONFIGS, **CONFIGS_V1}, {**FILES, **FILES_V1}
SELECTED = {V2: ["deals", "contacts", "deal_notes"], V1: ["companies", "contacts", "deals_details"]}

# `check` tries each of them, and both ask the same code; here one of each kind.
READ = {
    "no-json",
    "empty-object",
    "client-secret-empty",
    "start-date-no-date",
    "http-to-a-foreign-host",
    "v1-token-blank",
}

# As under v2, or as another file of the same kind.
LONG = {
    *("v1-state-of-another-connector", "v1-state-that-is-global", "v1-state-with-a-cursor-that-is-a-number"),
    *("state-with-a-cursor-that-is-a-number", "state-a-text", "catalog-of-another-shape"),
    *("v1-token-missing", "v1-token-empty", "v1-token-a-number", "v1-start-date-no-date"),
    *("client-id-a-number", "start-date-a-number", "requests-per-minute-a-text", "a-text"),
}

Outcome = tuple[Run, list[dict[str, Any]]]


def run_with(command: str, config: Callable[[dict[str, Any]], Any], files: dict[str, Any], api: Version) -> Outcome:
    """The run, and what the emulator was asked."""
    with account() as crm:
        more = {"catalog": catalog(SELECTED[api], api=api), **files} if command == "read" else {}
        return launch(command, {"config": config(Source(crm, api).config), **more}), crm.requests()


def version_of(name: str) -> Version:
    return V1 if name.startswith("v1-") else V2


@pytest.fixture(scope="module")
def outcome() -> Iterator[Callable[[str], Outcome]]:
    jobs = {
        f"{command} {name}": partial(run_with, command, change, {}, version_of(name))
        for name, (change, _) in ALL_CONFIGS.items()
        for command in ("check", "read")
    }
    jobs |= {
        name: partial(run_with, "read", changed(), files, version_of(name)) for name, (files, _) in ALL_FILES.items()
    }
    jobs["discover"] = partial(run_with, "discover", changed(start_date="ontem"), {}, V2)
    with at_once(jobs) as result:
        yield result


def assert_config_error(outcome: Outcome, word: str) -> None:
    run, asked = outcome
    assert asked == []
    assert run.exit_code != 0
    (error,) = run.errors
    assert error["failure_type"] == "config_error"
    assert word in error["message"]
    assert not any(line.is_record for line in run.lines)
    assert_no_secret_nor_stack(run)


def assert_no_secret_nor_stack(run: Run) -> None:
    for text in (SECRET, "Traceback"):
        assert text not in run.stdout + run.stderr


@pytest.mark.parametrize("name", often(ALL_CONFIGS, long=LONG))
def test_given_a_wrong_configuration_when_checked_then_failed_with_a_sentence_and_nothing_is_asked(
    outcome: Callable[[str], Outcome], name: str
) -> None:
    run, asked = outcome(f"check {name}")

    status, sentence = status_of(run)
    assert status == "FAILED"
    assert ALL_CONFIGS[name][1] in sentence
    assert run.exit_code == 0
    assert asked == []
    assert_no_secret_nor_stack(run)


@pytest.mark.parametrize("name", often(ALL_CONFIGS, long=ALL_CONFIGS.keys() - READ))
def test_given_a_wrong_configuration_when_read_then_a_config_error_and_nothing_is_asked(
    outcome: Callable[[str], Outcome], name: str
) -> None:
    assert_config_error(outcome(f"read {name}"), ALL_CONFIGS[name][1])


def test_given_a_wrong_configuration_when_discovered_then_a_config_error(outcome: Callable[[str], Outcome]) -> None:
    assert_config_error(outcome("discover"), "start_date")


@pytest.mark.parametrize("name", often(ALL_FILES, long=LONG))
def test_given_a_wrong_catalog_or_state_when_read_then_a_config_error_and_nothing_is_asked(
    outcome: Callable[[str], Outcome], name: str
) -> None:
    assert_config_error(outcome(name), ALL_FILES[name][1])


def test_given_an_empty_state_and_that_of_a_stream_not_selected_when_read_then_they_do_no_harm() -> None:
    with account() as crm:
        state = [*state_of("deals"), *state_of("tasks", page=7)]

        run = Source(crm).read("deals", state=state)

        assert run.exit_code == 0, run.log
        assert run.ids("deals") == crm.ids("deals")


@pytest.mark.parametrize(
    "start_date", ["2026-06-01", "2026-06-01T00:00:00Z", "2026-05-31T21:00:00-03:00", "2026-06-01T00:00:00.000Z"]
)
def test_given_a_start_date_in_any_iso_form_when_checked_then_it_works(start_date: str) -> None:
    with account() as crm:
        assert status_of(Source(crm, start_date=start_date).check())[0] == "SUCCEEDED"
