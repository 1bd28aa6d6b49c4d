"""A sync that speaks: what stands in the log of a long one, and how soon short lists end beside long ones."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import orjson
import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer

from airbyte_rdstation.airbyte import progress
from destination import Destination, mapping, record, state, table
from destination_rdstation_crm.destination import DestinationRdstationCrm
from harness import CONVERSAS, V1, V2, AccountSize, ConversasSize, Emulator, Run, Source, Version, account
from in_process import read

REAL: dict[str, Any] = {"rate_limit_requests": 120, "rate_limit_window_s": 60.0, "latency_s": 0.5}
NAMED_AS_THEIR_PATH = ("campaigns", "custom_fields", "products", "teams", "users")
SHORT = {
    V2: {
        **{name: f"/{name}" for name in (*NAMED_AS_THEIR_PATH, "lost_reasons", "pipelines", "segments", "sources")},
        "stages": "/pipelines/[^/]+/stages",
    },
    V1: {
        **{name: f"/{name}" for name in (*NAMED_AS_THEIR_PATH, "deal_pipelines", "deal_sources", "deal_stages")},
        "reasons_for_loss": "/deal_lost_reasons",
    },
}
VISITING = {"deal_contacts", "deal_notes", "deals_details", "messages"}
PEOPLE = {"full_name": "name", "contact_email": "email"}


def ends(run: Run) -> dict[str, float]:
    """When each stream was said to be complete, as `time.monotonic`."""
    found = {}
    for line in run.lines:
        if b"COMPLETE" in line.text and line.text.startswith(b'{"type":"TRACE"'):
            status = line.message["trace"]["stream_status"]
            assert status["status"] == "COMPLETE"
            found[status["stream_descriptor"]["name"]] = line.at
    return found


def spoken(run: Run) -> list[tuple[float, str]]:
    """Moment and text of each LOG message."""
    logged = [line for line in run.lines if line.text.startswith(b'{"type":"LOG"')]
    return [(line.at, line.message["log"]["message"]) for line in logged]


def seconds_in(text: str) -> float:
    """How long "1 min 20 s" is."""
    units = {"h": 3600, "min": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+) (h|min|s)\b", text))


@pytest.mark.parametrize("api", [V1, V2], ids=str)
def test_given_one_request_at_once_when_all_streams_are_read_then_short_lists_end_before_long_ones_go_on(
    api: Version,
) -> None:
    size = AccountSize(contacts=900, deals=250, organizations=300, tasks=300, products=2_600 if api is V2 else 15)
    with account(size, latency_s=0.005) as crm:
        run = Source(crm, api, num_workers=1).read()
        paths = [each["path"] for each in sorted(crm.requests(), key=lambda each: each["arrived_monotonic"])]

    assert run.exit_code == 0, run.log
    assert len(paths) > 200
    last = {name: max(requests_for(paths, path)) for name, path in SHORT[api].items()}
    # Stages of pipelines that have to be known first; a long list of products shares evenly with the others.
    assert last.pop("stages" if api is V2 else "deal_stages") <= 14, last
    assert last.pop("products") <= 75, last
    assert max(last.values()) <= 25, last


def requests_for(paths: list[str], path: str) -> list[int]:
    """Of the requests for a list, which of all requests they were."""
    return [number for number, each in enumerate(paths, start=1) if re.fullmatch(f"/(crm/v2|api/v1){path}", each)]


def test_given_a_429_when_waited_for_then_the_platform_learns_when_the_read_goes_on() -> None:
    with account(AccountSize(contacts=3, deals=3, organizations=3, tasks=3)) as crm:
        crm.fault("429", retry_after="1", path="/deals")
        run = Source(crm).read("deals")

    assert run.exit_code == 0, run.log
    (trace,) = [each for each in run.of_type("TRACE") if (each.get("stream_status") or {}).get("reasons")]
    assert trace["stream_status"]["status"] == "RUNNING"
    (reason,) = trace["stream_status"]["reasons"]
    assert reason["type"] == "RATE_LIMITED"
    assert 1_000 <= reason["rate_limited"]["quota_reset"] - trace["emitted_at"] <= 3_000  # milliseconds
    assert not [text for _, text in spoken(run) if "left at this pace" in text or "sync takes" in text]


@pytest.mark.parametrize(
    ("api", "stream"),
    [
        (V2, "contacts"),
        (V2, "tasks"),
        (V2, "products"),
        (V2, "deal_notes"),
        (V1, "contacts"),
        (V1, "deals"),
        (V1, "deals_details"),
        (V1, "deal_contacts"),
        (CONVERSAS, "contacts"),
        (CONVERSAS, "messages"),
        (CONVERSAS, "reports"),
        (CONVERSAS, "attendances_summary"),
    ],
    ids=str,
)
def test_given_a_minute_of_milliseconds_when_a_stream_is_read_then_its_lines_tell_what_it_takes(
    api: Version, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_MINUTE", 0.01)
    size = AccountSize(contacts=2_600, deals=2_600 if stream == "deals" else 60, tasks=2_600, products=2_600)
    talks = ConversasSize(contacts=2_000 if stream == "contacts" else 60, messages_per_contact=5, reports=900)
    with account(size, conversas=talks, latency_s=0.03) as crm:
        config = {"requests_per_minute": 600_000, "num_workers": 2, **api.config(crm)}
        if stream == "attendances_summary":
            config["start_date"] = f"{datetime.now(timezone.utc).date() - timedelta(days=60)}"
        sync = read(api, stream, config)
        requests = sum("oauth" not in request["path"] for request in crm.requests())

    assert sync.raised is None
    lines = [line for line in sync.log if line.startswith(f"{stream}: ")]
    word = "at least" if stream == "messages" else "about"  # nothing tells how many pages a history has
    estimates = [int(found[1]) for line in lines if (found := re.search(rf"of {word} (\d+) requests", line))]
    assert estimates, sync.log
    assert estimates[len(estimates) // 2] == pytest.approx(
        requests, rel=0.35 if stream == "reports" else 0.2
    )  # in some windows nothing happened
    assert any(" to visit" in line for line in lines) == (stream in VISITING)


@pytest.mark.parametrize(
    ("last_links", "told"),
    [("capped", r"\d+ of at least \d+ requests(; at least .+ left at this pace)?"), ("absent", r"\d+ requests")],
)
def test_given_a_list_that_hides_its_size_when_read_then_no_line_promises_an_end(
    last_links: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_MINUTE", 0.01)
    with account(AccountSize(tasks=12_000), latency_s=0.02, last_links=last_links, walled_lists=["tasks"]) as crm:
        sync = read(V2, "tasks", {"requests_per_minute": 600_000, **crm.config("v2")})

    assert sync.raised is None
    lines = [line for line in sync.log if re.fullmatch(rf"tasks: [\d,]+ records, {told}\.", line)]
    assert lines
    assert not [line for line in sync.log if "of about" in line or "sync takes about" in line]


def test_given_a_minute_of_milliseconds_when_rows_are_written_then_lines_count_what_is_done_within_a_batch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(progress, "_MINUTE", 0.01)
    caplog.set_level("INFO", "airbyte.rdstation")
    with account(AccountSize(contacts=3, deals=1, organizations=1, tasks=0), latency_s=0.03) as crm:
        config = Destination(crm, column_mapping=mapping(**PEOPLE), num_workers=2).config
        messages = [record("people", full_name=f"P {n}", contact_email=f"p{n}@people.test") for n in range(60)]
        catalog = ConfiguredAirbyteCatalogSerializer.load({"streams": [table("people", PEOPLE)]})
        DestinationRdstationCrm().write(config, catalog, map(orjson.dumps, messages))

    lines = [line for line in caplog.messages if "rows received are done" in line]
    counts = [re.match(r"people: (\d+) of (\d+) rows received are done; (\d+) created", line) for line in lines]
    done = [int(found[1]) for found in counts if found and found[1] == found[3]]
    assert done == sorted(done)
    assert any(0 < each < 60 for each in done), lines


def paced_read(crm: Emulator) -> Run:
    """All streams at the real limit."""
    source = Source(crm)
    del source.config["requests_per_minute"]
    return source.read()


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.waits(150)
def test_given_the_real_limit_when_read_for_140_s_then_no_minute_is_silent_and_the_first_estimate_is_right() -> None:
    size = AccountSize(contacts=1_500, deals=165, organizations=300, tasks=300)
    with account(size, **REAL) as crm:
        run = paced_read(crm)
        moments = sorted(request["arrived_monotonic"] for request in crm.requests())

    assert run.exit_code == 0, run.log
    assert len(run.messages) + sum(line.is_record for line in run.lines) == len(run.lines), "stdout has other lines"
    begun = moments[0]
    said = spoken(run)
    ended = ends(run)
    assert {name: ended[name] - begun for name in SHORT[V2] if ended[name] - begun > 10} == {}

    plans = [text for _, text in said if text.startswith("The sync takes about ")]
    (planned,) = [int(each[1].replace(",", "")) for text in plans if (each := re.search(r"about ([\d,]+) req", text))]
    assert planned == pytest.approx(len(moments), rel=0.2)

    for name, end in ended.items():
        lines = [(at, text) for at, text in said if re.match(rf"{name}: [\d,]+ records, [\d,]+ ", text)]
        heard = [begun, *(at for at, _ in lines), end]
        assert all(later - earlier <= 63 for earlier, later in pairwise(heard)), name
        if lines:
            at, text = lines[0]
            (left,) = re.findall(r"about ([^;]+) left at this pace", text)
            assert seconds_in(left) == pytest.approx(end - at, rel=0.2, abs=6), text
    assert any(end - begun > 120 for end in ended.values())


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.waits(90)
def test_given_the_real_limit_when_rows_are_written_for_75_s_then_a_minute_says_what_is_done() -> None:
    rows = 150
    with account(AccountSize(contacts=3, deals=1, organizations=1, tasks=0), **REAL) as crm:
        messages = [record("people", full_name=f"P {n}", contact_email=f"p{n}@people.test") for n in range(rows)]
        destination = Destination(crm, column_mapping=mapping(**PEOPLE), requests_per_minute=120)
        run = destination.write(table("people", PEOPLE), [*messages, state("people", 1)])

    assert run.exit_code == 0, run.log
    assert len(run.messages) == len(run.lines)
    (line,) = [text for _, text in spoken(run) if "rows received are done" in text]
    found = re.match(r"people: (\d+) of 150 rows received are done; (\d+) created, 0 updated, 0 unchanged, 0 rej", line)
    assert found, line
    assert int(found[1]) == int(found[2])
    assert int(found[1]) == pytest.approx(118, abs=6)
