"""The probe tells the truth about every switch of the emulator, and nothing about a record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import prefork
from harness import (
    CONVERSAS,
    FASTER_THAN_ANY_TEST,
    V1,
    V2,
    AccountSize,
    ConversasSize,
    Emulator,
    Source,
    Version,
    account,
    often,
)
from output import Run
from overheard import overhear

SIZE = AccountSize(contacts=230, deals=205, organizations=40, tasks=10)
LONG = AccountSize(contacts=10_300, deals=20, organizations=20, tasks=10)
CONVERSAS_ACCOUNT = ConversasSize(contacts=120, messages_per_contact=6, reports=60)
LISTED = {
    V2: ("contacts", "deals", "organizations", "users"),
    V1: ("contacts", "deals", "companies"),
    CONVERSAS: ("contacts",),
}
Seen = Mapping[str, str]


@dataclass
class Report:
    """What one run of the probe said."""

    exit_code: int
    printed: str
    found: dict[str, dict[str, Any]]

    def seen(self, *rows: str) -> Seen:
        """What it saw, by row."""
        return {row: self.found[row]["seen"] for row in rows}


def probe(crm: Emulator, api: Version, folder: Path, *arguments: str, **changes: Any) -> Report:
    """Run the command against the account."""
    config, report = folder / "config.json", folder / "report.json"
    config.write_text(json.dumps({**api.config(crm), "requests_per_minute": FASTER_THAN_ANY_TEST, **changes}))
    argv = ["rdstation-probe", "--config", str(config), "--report", str(report), *arguments]
    done = prefork.call("airbyte_rdstation.probe.run", "run", argv)
    printed = done.stdout + done.stderr
    text = report.read_text() if report.exists() else "{}"
    run = Run()
    run.stderr = printed + text
    overhear(run)  # no secret and nobody's data is in it
    findings = json.loads(text).get("findings", [])
    assert len({one["row"] for one in findings}) == len(findings), "a row is told twice"
    return Report(done.returncode, printed, {one["row"]: one for one in findings})


# Switches that do not meet share a run.
V2_SWITCHES: dict[str, tuple[dict[str, Any], Seen]] = {
    "lists": (
        {
            "links_prefix": "/crm/v2", "last_page": "null", "unsorted": "stable", "bad_sort": "ignore",
            "bad_filter": "400", "default_size": "20", "error_shape": "error_message", "token_error": "marketing",
            "text_match": "fold", "null_updated_at": 5, "null_closed_at": 3, "has_form": "bare", "meetings_sort": "400",
        },
        {
            "2": "/crm/v2", "3": "null", "4": "stable", "5": "ignore", "6": "400", "8": "20", "11": "error_message",
            "13": "marketing", "28": "fold", "32": "some", "33": "some", "22": "bare", "34 sort": "400",
        },
    ),
    "lists-otherwise": (
        {
            "last_page": "no_links", "bad_sort": "500", "bad_filter": "ignore", "error_shape": "html",
            "token_error": "gateway", "cap_size": 100, "text_match": "contains", "has_form": "bare_ignored",
            "meetings_sort": "honoured",
            "filter_forms": ["email:~=ignore", "email:(=first", "@:(=first", "id:(=ignore", "email:=ignore"],
        },
        {
            "3": "no_links", "5": "500", "6": "ignore", "11": "html", "13": "gateway", "22": "bare",
            "34 sort": "honoured", "28": "contains", "28 email:~": "ignored", "35 email:(": "first value only",
            "35 @slug:(": "first value only", "35 id:(": "ignored", "28 email:": "ignored",
        },
    ),
    "records": (
        {
            "tz": "-03:00", "blank": "", "status_capitals": True, "int_prices": True, "custom_fields_keys": "id",
            "custom_fields_swapped": True, "last_page": "empty_list", "error_shape": "top_detail", "has_form": "value",
            "cap_size": 100,
        },
        {
            "10": "-03:00", "26": '""', "10 status": "capitals", "10 prices": "whole numbers, too", "25 keys": "id",
            "25 list": "object", "3": "empty_list", "11": "top_detail", "22": "value", "8 cap": "100",
        },
    ),
    "forms-refused": (
        {
            "filter_forms": [
                "email:~=400", "email:(=422", "name:~=500", "name:(=ignore", "@:~=422", "@:(=500", "id:(=400",
            ],
            "last_page": "empty_object", "error_shape": "message", "meetings_fields": "nested",
        },
        {
            "28 email:~": "400", "35 email:(": "422", "28 name:~ of contacts": "500",
            "35 name:( of contacts": "ignored", "28 @slug:~": "422", "35 @slug:(": "500", "35 id:(": "400",
            "28 email:": "obeyed", "3": "empty_object", "11": "message", "37": "created_at, id, name, size, url",
        },
    ),
}  # fmt: skip

V2_WRITES: dict[str, tuple[dict[str, Any], Seen]] = {
    "as-documented": (
        {},
        {
            "3": "absent", "4": "shuffle", "6": "500", "8": "25", "10": "Z", "22": "both", "28": "exact",
            "32": "none seen", "33": "none seen", "34 filter": "500", "34 sort": "ignored", "35 id:(": "obeyed",
            "15": "422", "16": "ignore", "18": "422", "20": "moves", "21": "moves", "23": "found at once",
            "25 write": "422", "29": "422", "31": "off", "19": "owner", "30": "ignore",
        },
    ),
    "otherwise": (
        {
            "duplicate": "400", "unknown_field": "422", "int_for_float": "accept", "child_touches_deal": False,
            "cf_touches_contact": False, "unknown_slug": "ignore", "empty_success": "204",
            "custom_fields_put": "replace", "deal_requires": "pipeline", "pipeline_in_body": "obey",
        },
        {
            "15": "400", "16": "422", "18": "accept", "20": "stays", "21": "stays", "25 write": "ignore", "31": "204",
            "17": "replace", "19": "pipeline", "30": "obey",
        },
    ),
    "late": (
        {
            "index_lag_s": 1.0, "invalid_status": "400", "empty_success": "200", "deal_requires": "none",
            "pipeline_in_body": "422",
        },
        {"23": "not found at once", "29": "400", "31": "200", "19": "none", "30": "422"},
    ),
}  # fmt: skip

V1_SWITCHES: dict[str, tuple[dict[str, Any], Seen]] = {
    "as-documented": (
        {},
        {
            "2": "present", "3": "-03:00", "4": "ignored", "5": "capped", "6": "-02:00 and -03:00", "7": "full",
            "8": "another pipeline's", "11": "500 HTML", "12": "all", "13": "off", "15": "string", "17 day": "accepted",
            "16": "400", "17 space": "400", "17 Z": "400", "17 end": "400", "17 error": "errors", "18": "ignored",
            "18 q": "ignored", "19": "none", "20": "several", "21": "with ids",
        },
    ),
    "otherwise": (
        {
            "v1_next_page": "stuck", "v1_window_tz": "UTC", "v1_deals_order": "honoured", "v1_limit_over": "500",
            "v1_stage_list": "bare", "v1_ignore_page": True, "v1_base_price": "number",
            "v1_date_z": "accepted", "v1_date_error": "error", "v1_updated_at_period": "honoured",
        },
        {"2": "stuck", "3": "UTC", "4": "honoured", "5": "500", "7": "bare", "13": "on", "15": "number",
            "17 Z": "accepted", "17 error": "error", "18": "honoured",
        },
    ),
    "refused": ({"v1_next_page": "absent", "v1_deals_order": "500"}, {"2": "absent", "4": "500"}),
    "own": ({"v1_visibility": "own", "v1_updated_at_period": "400"}, {"12": "own", "18": "400"}),
    "empty": ({"v1_empty_every": 3}, {"19": "3 of 10"}),
}  # fmt: skip

CONVERSAS_SWITCHES: dict[str, tuple[dict[str, Any], Seen]] = {
    "as-documented": (
        {},
        {
            "1 /v2/flows": "flows", "2": "on", "3": "100", "4": "stable", "5": "off", "7": "A128CBC-HS256",
            "8": "low_byte", "9": "off", "10": "jwe", "10 place": "messages", "11": "current",
            "12": "full", "13": "empty", "14": "49", "14 status": "obeyed",
            "15": "real", "17": "none", "18": "404", "19": "none seen", "20": "live", "21": "404 text", "26": "-03:00",
            "23": "paged", "23 end": "exact", "23 detail": "bare", "23 fail": "none seen", "24 unit": "min",
            "24 val": "number", "24 day": "refused", "24 range": "none", "24 list": "obeyed",
            "24 department": "obeyed",
        },
    ),
    "lists": (
        {
            "conversas_envelope": "data", "conversas_x_headers": False, "conversas_customers_cap": 20,
            "conversas_unsorted": "shuffle",
            "conversas_names": "documented", "conversas_report_shape": "spec", "conversas_day_tz": "UTC",
            "conversas_reports_limit": 100, "conversas_reports_status": "refused",
        },
        {
            "1 /v2/employees": "data", "2": "off", "3": "20", "4": "shuffle", "20": "documented", "15": "spec",
            "26": "UTC", "14": "50 or more", "14 status": "refused",
        },
    ),
    "one-page": (
        {"conversas_ignore_page": ["customers"], "conversas_kid": "old", "conversas_empty_page": "null"},
        {"5": "on", "11": "old", "10": "null"},
    ),
    "flaky": ({"conversas_flaky": 3}, {"19": "2 of 6 calls"}),
    "short-history": ({"conversas_history_range": 90}, {"17": "400"}),
    "pages": (
        {
            "conversas_enc": "A256GCM", "conversas_alg": "RSA-OAEP", "conversas_plaintext": "utf-8",
            "conversas_nested": True,
            "conversas_empty_page": "absent", "conversas_history_envelope": "payload",
        },
        {
            "7": "A256GCM", "7 alg": "RSA-OAEP", "8": "utf-8", "9": "on", "10": "absent", "10 place": "payload",
        },
    ),
    "figures-otherwise": (
        {
            "conversas_campaigns_paged": False, "conversas_campaigns_has_more": "always",
            "conversas_campaign_envelope": "data",
            "conversas_campaign_flaky": 3, "conversas_analytics_range": 90, "conversas_analytics_numbers": "text",
            "conversas_analytics_unit": "h", "conversas_analytics_lists": "ignored",
            "conversas_analytics_reviews": "number",
            "conversas_one_day": "accepted", "conversas_analytics_departments": "ignored",
        },
        {
            "23": "one answer", "23 end": "always", "23 detail": "data", "23 fail": "500", "24 unit": "h",
            "24 val": "text", "24 day": "accepted", "24 range": "400", "24 list": "ignored", "24 reviews": "float",
            "24 department": "ignored",
        },
    ),
    "some-old-keys": ({"conversas_kid": "share", "conversas_empty_page": "blank"}, {"11": "share", "10": "blank"}),
    "plan": ({"conversas_plan": "402"}, {"12": "402"}),
    "plan-401": ({"conversas_plan": "401"}, {"12": "401"}),
    **{
        f"envelope-{name}": ({"conversas_envelope": name}, {"1 /v2/flows": name})
        for name in ("docs", "items", "results")
    },
    **{f"enc-{name}": ({"conversas_enc": name}, {"7": name}) for name in ("A128GCM", "A192GCM", "A256CBC-HS512")},
    **{
        f"page-in-{name}": ({"conversas_history_envelope": name}, {"10 place": name})
        for name in ("data", "encrypted", "result", "body_text", "body_string")
    },
}  # fmt: skip

QUICK = ("v2-lists-otherwise", "v2-write-as-documented", "v1-as-documented", "v1-otherwise", "conversas-as-documented")
"""What `make test` tries; all others are for `make test-long`."""
ALL: dict[str, tuple[Version, dict[str, Any], Seen, tuple[str, ...]]] = {
    **{f"v2-{name}": (V2, *case, ()) for name, case in V2_SWITCHES.items()},
    **{f"v2-write-{name}": (V2, *case, ("--write",)) for name, case in V2_WRITES.items()},
    **{f"v1-{name}": (V1, *case, ()) for name, case in V1_SWITCHES.items()},
    **{f"conversas-{name}": (CONVERSAS, *case, ()) for name, case in CONVERSAS_SWITCHES.items()},
}


def add_figures_of_last_week(crm: Emulator) -> None:
    """The probe asks for the last year, and invented rows end in 2026: campaigns, and an attendance in each hour."""
    day = datetime.now(timezone.utc).replace(minute=30, second=0, microsecond=0) - timedelta(days=7)
    crm.conversas_create("campaigns", count=30)
    for hour in range(24):
        crm.conversas_create("reports", at=(day + timedelta(hours=hour)).isoformat())


@pytest.mark.parametrize("name", often(ALL, long=ALL.keys() - set(QUICK)))
def test_given_a_variant_of_the_api_when_probed_then_each_finding_is_true(tmp_path: Path, name: str) -> None:
    api, settings, seen, arguments = ALL[name]
    with account(SIZE, conversas=CONVERSAS_ACCOUNT, **settings) as crm:
        if api is CONVERSAS:
            add_figures_of_last_week(crm)
        report = probe(crm, api, tmp_path, *arguments)
        sent = {(request["method"], request["path"]) for request in crm.requests()}
        ids = {one for stream in LISTED[api] for one in api.ids(crm, stream)}

    assert report.exit_code == 0, report.printed
    assert report.seen(*seen) == seen
    assert {one for one in ids if one in report.printed + json.dumps(report.found)} == set()
    assert arguments or {one for one in sent if one[0] != "GET"} <= {("POST", "/oauth2/token")}


@pytest.mark.long
@pytest.mark.parametrize(
    ("wall", "last"), [("400", "exact"), ("empty", "capped"), ("500", "absent"), ("repeat", "exact"), ("422", "exact")]
)
def test_given_a_list_beyond_the_wall_when_probed_then_its_end_is_told(tmp_path: Path, wall: str, last: str) -> None:
    with account(LONG, wall=wall, last_links=last) as crm:
        assert probe(crm, V2, tmp_path).seen("1", "1 last") == {"1": wall, "1 last": last}


@pytest.mark.long
def test_given_a_list_of_v1_beyond_the_wall_when_probed_then_its_end_is_told(tmp_path: Path) -> None:
    with account(LONG) as crm:
        told = {}
        for wall in ("empty", "500"):
            crm.settings(v1_wall=wall)
            told[wall] = probe(crm, V1, tmp_path).seen("1")["1"]

        assert told == {"empty": "empty", "500": "500"}


@pytest.mark.long
@pytest.mark.parametrize("beyond", [False, True], ids=["ends", "goes-on"])
def test_given_many_deals_of_v1_when_probed_then_it_is_told_how_far_next_page_leads(
    tmp_path: Path, beyond: bool
) -> None:
    with account(AccountSize(contacts=5, deals=10_300), v1_cursor_past_wall=beyond) as crm:
        report = probe(crm, V1, tmp_path)

    assert report.seen("2 wall") == {"2 wall": "yes" if beyond else "no"}


@pytest.mark.parametrize(
    ("api", "row", "limit", "form"),
    [
        pytest.param(
            V2,
            "12",
            {"rate_limit_requests": 40, "rate_limit_window_s": 6.0, "retry_after": "date"},
            "date",
            id="v2-date",
        ),
        pytest.param(
            CONVERSAS,
            "6",
            {"conversas_bucket_burst": 20, "conversas_bucket_per_minute": 360, "conversas_retry_after": "seconds"},
            "seconds",
            id="conversas",
        ),
    ],
)
def test_given_others_who_use_the_limit_when_probed_then_it_waits_and_tells_how_it_was_told(
    tmp_path: Path, api: Version, row: str, limit: dict[str, Any], form: str
) -> None:
    with account(SIZE, conversas=CONVERSAS_ACCOUNT, **limit) as crm:
        report = probe(crm, api, tmp_path)

    assert report.seen(row) == {row: form}


def test_given_tokens_that_have_expired_when_probed_then_the_file_holds_the_new_ones(tmp_path: Path) -> None:
    with account(SIZE) as crm:
        expired = {**V2.config(crm)["credentials"], "token_expiry_date": "2020-01-01T00:00:00Z"}

        report = probe(crm, V2, tmp_path, credentials=expired)

        kept = json.loads((tmp_path / "config.json").read_text())
        assert report.exit_code == 0
        assert '"type":"CONTROL"' not in report.printed
        assert kept["credentials"]["refresh_token"] in crm.oauth()["refresh_tokens"]
        assert Source(crm, V2, **kept).check().exit_code == 0


def test_given_write_then_what_to_delete_is_said_and_nothing_else_changed(tmp_path: Path) -> None:
    with account(SIZE) as crm:
        before = {stream: crm.ids(stream) for stream in ("contacts", "deals", "organizations")}

        report = probe(crm, V2, tmp_path, "--write")

        assert "rdstation-probe 20" in report.printed
        assert "delete what it finds" in report.printed
        for stream, ids in before.items():
            assert ids < crm.ids(stream)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("{", "is no JSON file", id="no-json"),
        pytest.param("[]", "holds no JSON object", id="no-object"),
        pytest.param("{}", "neither `credentials`", id="nothing-known"),
        pytest.param('{"credentials": {"client_id": "x"}}', "lacks `client_secret` and `refresh_token`", id="half"),
        pytest.param(
            '{"access_token": "x", "api_base_url": "http://exemplo.test"}', "must start with https", id="host"
        ),
    ],
)
def test_given_a_configuration_that_cannot_be_used_when_probed_then_a_sentence_says_why(
    tmp_path: Path, text: str, words: str
) -> None:
    config = tmp_path / "config.json"
    config.write_text(text)

    done = prefork.call("airbyte_rdstation.probe.run", "run", ["rdstation-probe", "--config", str(config)])

    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_given_tokens_that_are_dead_when_probed_then_a_sentence_says_so(tmp_path: Path) -> None:
    with account(SIZE) as crm:
        crm.revoke_refresh_token()
        crm.expire_access_tokens()

        report = probe(crm, V2, tmp_path)

    assert report.exit_code == 1
    assert "Authorize the connection again" in report.printed
    assert "Traceback" not in report.printed
