"""Each fault of the control plane, alone and mixed: the sync ends complete, or with a clear error and resumes so."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from harness import (
    CONVERSAS,
    V1,
    V2,
    VERSIONS,
    AccountSize,
    ConversasSize,
    Emulator,
    Jobs,
    Line,
    Message,
    Run,
    Source,
    Version,
    account,
    at_once,
    for_each_version,
    often,
    seeds,
)
from truth_conversas import RECORDS, missing

pytestmark = pytest.mark.waits(15)

SIZE = AccountSize(contacts=210, deals=6, organizations=205, tasks=205)
LONG = {(V1, kind) for kind in ("truncate", "reset", "html_200", "object_for_list", "data_null", "redirect")} | {
    (V2, "truncate"),
    (V2, "list_for_object"),
    (V2, "data_null"),
    (V1, "500"),
    (V2, "reset"),
}
SMALL_LISTS = {V2: "sources", V1: "deal_sources"}
CONVERSAS_ACCOUNT = ConversasSize(contacts=10, messages_per_contact=10, reports=40)
APIS = (*VERSIONS, CONVERSAS)
# What all share: that an answer is asked for again, whatever its body. How it is read is each CRM version's own.
ASKED_AGAIN = {
    *("429-seconds", "429-now", "reset", "stall-then-close", "stall-then-answer", "truncate", "drop-after-write"),
    *(f"{status}-{body}" for status in ("500", "502", "503", "504") for body in ("json", "html")),
}
TWINS = {
    CONVERSAS: {*ASKED_AGAIN, "object-for-list", "list-for-object", "data-null"} - {"500-json"},
    V1: ASKED_AGAIN,
    V2: {*(f"{status}-{body}" for status in (502, 503, 504) for body in ("json", "html")), "429-now", "500-html"},
}
ONCE: dict[str, dict[str, Any]] = {
    "429-seconds": {"kind": "429", "retry_after": "1"},
    "429-now": {"kind": "429", "retry_after": "0"},
    **{f"{status}-{body}": {"kind": status, "body": body} for status in ("500", "502", "503", "504")
       for body in ("json", "html")},
    # Once, as a fresh token that is refused is final; not of the token endpoint, where it is too.
    "401": {"kind": "401", "path": "^(?!/oauth2/)", "times": 1},
    "reset": {"kind": "reset"},
    "stall-then-close": {"kind": "stall", "seconds": 1},
    "stall-then-answer": {"kind": "stall", "seconds": 3, "then": "answer"},
    "truncate": {"kind": "truncate"},
    "drop-after-write": {"kind": "drop_after_write"},
    "html-200": {"kind": "html_200"},
    "object-for-list": {"kind": "object_for_list", "path": "/(contacts|customers|tasks)$"},
    # Of the history, a list is plain messages, and null the end (conversas.md#message-history).
    "list-for-object": {"kind": "list_for_object", "path": "(?<!history)$"},
    "data-null": {"kind": "data_null", "path": "(?<!history)$"},
    "missing-id": {"kind": "missing_id", "path": "/(contacts|customers|tasks|deals)$"},
}  # fmt: skip
FINAL = {(V1, "401"), (CONVERSAS, "401")}  # their tokens never change: a refused one stays refused (crm-v1.md#basics)
# Those that are tried most often come first: the others are done meanwhile.
LASTING = (
    *("truncate", "reset", "500", "html_200", "list_for_object", "object_for_list", "data_null", "missing_id"),
    "redirect",
)
LISTS = [
    *((V2, stream) for stream in ("contacts", "deals", "tasks", "users")),
    *((V1, stream) for stream in ("contacts", "companies", "deals", "tasks")),
]


def assert_complete(run: Run, crm: Emulator, api: Version, *streams: str) -> None:
    assert run.exit_code == 0, run.log
    missing = {stream: api.ids(crm, stream) - run.ids(stream) for stream in streams}
    assert {stream for stream, ids in missing.items() if ids} == set()


def assert_clear(error: Message) -> None:
    """One or a few sentences for a person, without a stack."""
    assert error["failure_type"] in ("config_error", "transient_error", "system_error")
    assert error["message"].rstrip().endswith(".")
    assert "Traceback" not in error["message"]
    assert len(error["message"]) < 500


def read_with_fault(
    api: Version, parameters: dict[str, Any], size: AccountSize, streams: tuple[str, ...]
) -> tuple[Run, set[str]]:
    """The run, and the streams of which rows are missing."""
    with account(size, conversas=CONVERSAS_ACCOUNT) as crm:
        crm.fault(**parameters)
        if api is CONVERSAS and "path" not in parameters:
            crm.fault(**parameters, path=CONVERSAS.path("messages"))
        run = Source(crm, api).read(*streams)
        assert all(fault["applied"] > 0 for fault in crm.faults()), "the fault hit nothing"
        if api is CONVERSAS:
            return run, missing(run, crm, *streams)
        return run, {stream for stream in streams if api.ids(crm, stream) - run.ids(stream)}


@pytest.fixture(scope="module")
def with_one_fault() -> Iterator[Jobs[tuple[Run, set[str]]]]:
    jobs = {
        f"{api}-{name}": partial(read_with_fault, api, {"after": 2, "times": 2, **ONCE[name]}, SIZE, streams)
        for api, streams in {**{api: api.streams for api in VERSIONS}, CONVERSAS: RECORDS}.items()
        for name in ONCE
    }
    with at_once(jobs) as result:
        yield result


@pytest.mark.parametrize(
    ("api", "fault"),
    [
        pytest.param(api, fault, id=f"{api}-{fault}", marks=[pytest.mark.long] if fault in TWINS[api] else [])
        for api in APIS
        for fault in ONCE
    ],
)
def test_given_a_passing_fault_when_read_then_complete(
    with_one_fault: Jobs[tuple[Run, set[str]]], fault: str, api: Version
) -> None:
    run, missing = with_one_fault(f"{api}-{fault}")

    if (api, fault) in FINAL:
        assert run.exit_code == 1
        assert {error["failure_type"] for error in run.errors} == {"config_error"}
        for error in run.errors:
            assert_clear(error)
    else:
        assert run.exit_code == 0, run.log
        assert missing == set()
    if fault.startswith("429"):
        assert '"RATE_LIMITED"' in run.stdout, "the platform was not told of the wait"


@pytest.fixture(scope="module")
def with_lasting_fault() -> Iterator[Jobs[tuple[Run, set[str]]]]:
    jobs = {
        f"{api}-{kind}": partial(
            read_with_fault,
            api,
            {"kind": kind, "path": "/contacts", "times": None},
            SIZE,
            ("contacts", SMALL_LISTS[api]),
        )
        for api in VERSIONS
        for kind in LASTING
    }
    jobs |= {
        f"{api}-{stream}": partial(
            read_with_fault,
            api,
            {"kind": "repeat_page", "path": f"{api.path(stream)}$", "times": None},
            AccountSize(**{api.edited(stream): 900}),
            (stream, SMALL_LISTS[api]),
        )
        for api, stream in LISTS
    }
    with at_once(jobs) as result:
        yield result


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        # What tries again, and for how long, both versions share.
        pytest.param(api, kind, id=f"{api}-{kind}", marks=[pytest.mark.long] if (api, kind) in LONG else [])
        for api in VERSIONS
        for kind in LASTING
    ],
)
def test_given_a_lasting_fault_on_one_list_when_read_then_an_error_names_it_and_the_others_are_complete(
    with_lasting_fault: Jobs[tuple[Run, set[str]]], api: Version, kind: str
) -> None:
    run, missing = with_lasting_fault(f"{api}-{kind}")

    assert run.exit_code == 1
    error = run.error_of("contacts")
    assert_clear(error)
    assert "contacts" in error["message"]
    assert f"{api.root}/contacts" in error["message"] + (error["internal_message"] or "")
    assert run.outcomes == {"contacts": "INCOMPLETE", SMALL_LISTS[api]: "COMPLETE"}
    assert missing == {"contacts"}
    if (api, kind) == (V1, "500"):  # HTML that tells nothing (crm-v1.md#rate-limit-and-errors); ours do
        assert {name for name in ("order", "direction", "page", "limit") if name not in error["message"]} == set()
        assert "token" not in error["message"]


@pytest.mark.parametrize(("api", "stream"), LISTS, ids=str)
def test_given_a_page_that_repeats_for_ever_when_read_then_it_ends_and_says_so(
    with_lasting_fault: Jobs[tuple[Run, set[str]]], api: Version, stream: str
) -> None:
    run, missing = with_lasting_fault(f"{api}-{stream}")

    assert SMALL_LISTS[api] not in missing
    assert run.outcomes[SMALL_LISTS[api]] == "COMPLETE"
    if api is V1 and run.exit_code == 0:
        # A page without a new id ends a list there (crm-v1.md#paging); that less came than `total` counts must not be
        # silent.
        assert [line for line in run.log_lines("WARN") if line.startswith(f"{stream}:") and "900" in line]
    else:
        assert run.exit_code == 1
        assert_clear(run.error_of(stream))
        assert run.outcomes[stream] == "INCOMPLETE"


def mixed(normal: int, full: int) -> list[Any]:
    """The seeds of both versions; v1 with fewer, for much of it is the same."""
    return [
        pytest.param(api, *seed.values, id=f"{api}-{seed.id}", marks=seed.marks)
        for api, few in ((V2, normal), (V1, 1))
        for seed in seeds(few, full)
    ]


@pytest.mark.parametrize(("api", "seed"), mixed(2, 20))
def test_given_mixed_faults_when_read_and_resumed_then_complete(api: Version, seed: int) -> None:
    dice = random.Random(seed)
    with account(SIZE, seed=seed) as crm:
        source, state = Source(crm, api), None
        committed: dict[str, set[str]] = {stream: set() for stream in api.streams}
        for name, parameters in ONCE.items():
            if (api, name) in FINAL:
                continue
            path = parameters.get("path", f"{api.root}/")
            crm.fault(**{**parameters, "path": path, "times": None, "probability": 0.006, "seed": dice.random()})
        for attempt in range(4):
            if attempt == 3:
                crm.clear_faults()
            run = source.read(state=state)
            for stream in api.streams:
                committed[stream] |= run.committed_ids(stream)
            if run.exit_code == 0:
                break
            for error in run.errors:
                assert_clear(error)
            state = run.states
        assert run.exit_code == 0, run.log
        missing = {stream: len(api.ids(crm, stream) - ids) for stream, ids in committed.items()}
        assert missing == dict.fromkeys(api.streams, 0)


@for_each_version
@pytest.mark.long
def test_given_an_answer_that_never_comes_when_read_then_it_is_asked_for_again(api: Version) -> None:
    with account(SIZE) as crm:
        crm.fault("stall", path="/contacts", seconds=600)

        run = Source(crm, api).read("contacts")

        assert_complete(run, crm, api, "contacts")


REFUSED: dict[str, tuple[Version, set[str], dict[str, Any]]] = {
    "v2-tasks": (V2, {"tasks"}, {"forbidden": ["tasks"]}),
    "v2-products": (V2, {"products"}, {"forbidden": ["products"]}),
    "v2-meetings": (V2, {"meetings"}, {"forbidden": ["meetings"]}),
    "v2-deal_files": (V2, {"deal_files"}, {"forbidden": ["deal_files"]}),
    "v2-deals": (V2, {"deal_files", "deal_notes", "deal_products", "deals"}, {"forbidden": ["deals"]}),
    "v2-pipelines": (V2, {"pipelines", "stages"}, {"forbidden": ["pipelines"]}),
    **{
        f"v1-{path}-{refusal}": (V1, fails, {"v1_forbidden": [path], "v1_refusal": refusal})
        for refusal in ("403", "422")
        for path, fails in (
            ("organizations", {"companies"}),
            ("contacts", {"contacts", "deal_contacts"}),
            ("teams", {"teams"}),
            ("deals", {"deal_contacts", "deals", "deals_details"}),
            ("deal_pipelines", {"deal_pipelines", "deal_stages"}),
        )
    },
}


@pytest.mark.parametrize(
    "name",
    often(REFUSED, long=REFUSED.keys() - {"v2-meetings", "v2-deals", "v2-pipelines", "v1-deals-422", "v1-teams-403"}),
)
def test_given_a_list_that_the_user_may_not_read_when_read_then_only_its_streams_fail(name: str) -> None:
    api, fails, settings = REFUSED[name]
    with account(SIZE, **settings) as crm:
        run = Source(crm, api).read()

        assert run.exit_code == 1
        assert {stream for stream, outcome in run.outcomes.items() if outcome != "COMPLETE"} == fails
        for stream in fails:
            assert run.outcomes[stream] == "INCOMPLETE"
            assert run.error_of(stream)["failure_type"] == "config_error"
            assert stream in run.error_of(stream)["message"]
        for stream in api.cursors.keys() - fails:
            assert run.ids(stream) == api.ids(crm, stream)


def test_given_a_deal_that_vanishes_after_it_was_listed_when_its_notes_are_read_then_it_is_skipped() -> None:
    with account(AccountSize(deals=40)) as crm:
        notes = crm.truth("deal_notes")
        last = max((deal for deal in crm.truth("deals") if deal["id"] in notes), key=lambda deal: deal["updated_at"])
        deleted: list[str] = []

        def delete_once_notes_arrive(line: Line) -> bool:
            if line.is_record and not deleted:
                crm.delete("deals", last["id"])
                deleted.append(last["id"])
            return False

        # Slow enough that the deals are listed, and the last of them not visited, when the first note arrives.
        source = Source(crm, requests_per_minute=600, num_workers=1)
        run = source.read("deal_notes", kill_when=delete_once_notes_arrive)

        assert 404 in {request["status"] for request in crm.requests()}
        assert_complete(run, crm, V2, "deal_notes")
        assert run.ids("deal_notes").isdisjoint(note["id"] for note in notes[last["id"]])
