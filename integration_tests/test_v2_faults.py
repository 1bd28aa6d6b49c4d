"""Each fault of the control plane, alone and mixed: the sync ends complete, or with a clear error and resumes so."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from harness import STREAMS, AccountSize, Emulator, Line, Message, Run, Source, account, at_once, seeds

SIZE = AccountSize(contacts=450, deals=40, organizations=250, tasks=250)
ONCE: dict[str, dict[str, Any]] = {
    "429-seconds": {"kind": "429", "retry_after": "1"},
    "429-now": {"kind": "429", "retry_after": "0"},
    **{f"{status}-{body}": {"kind": status, "body": body} for status in ("500", "502", "503", "504")
       for body in ("json", "html")},
    "401": {"kind": "401"},
    "reset": {"kind": "reset"},
    "stall-then-close": {"kind": "stall", "seconds": 1},
    "stall-then-answer": {"kind": "stall", "seconds": 3, "then": "answer"},
    "truncate": {"kind": "truncate"},
    "drop-after-write": {"kind": "drop_after_write"},
    "html-200": {"kind": "html_200"},
    "object-for-list": {"kind": "object_for_list", "path": "/(contacts|tasks)$"},
    "list-for-object": {"kind": "list_for_object"},
    "data-null": {"kind": "data_null"},
    "missing-id": {"kind": "missing_id", "path": "/(contacts|tasks|deals)$"},
}  # fmt: skip
# Those that are tried most often come first: the others are done meanwhile.
LASTING = (
    *("truncate", "reset", "500", "html_200", "list_for_object", "object_for_list", "data_null", "missing_id"),
    "redirect",
)
WALKS = ("contacts", "deals", "tasks", "users")


def assert_complete(run: Run, crm: Emulator, streams: tuple[str, ...] = tuple(STREAMS)) -> None:
    assert run.exit_code == 0, run.log
    missing = {stream: crm.ids(stream) - run.ids(stream) for stream in streams}
    assert {stream for stream, ids in missing.items() if ids} == set()


def assert_clear(error: Message) -> None:
    """One or a few sentences for a person, without a stack."""
    assert error["failure_type"] in ("config_error", "transient_error", "system_error")
    assert error["message"].rstrip().endswith(".")
    assert "Traceback" not in error["message"]
    assert len(error["message"]) < 500


def read_with_fault(parameters: dict[str, Any], size: AccountSize, streams: tuple[str, ...]) -> tuple[Run, set[str]]:
    """The run, and the streams of which rows are missing."""
    with account(size) as crm:
        crm.fault(**parameters)
        run = Source(crm).read(*streams)
        assert crm.faults()[0]["applied"] > 0, "the fault hit nothing"
        return run, {stream for stream in streams if crm.ids(stream) - run.ids(stream)}


@pytest.fixture(scope="module")
def with_one_fault() -> Iterator[Callable[[str], tuple[Run, set[str]]]]:
    jobs = {
        name: partial(read_with_fault, {"after": 2, "times": 2, **ONCE[name]}, SIZE, tuple(STREAMS)) for name in ONCE
    }
    with at_once(jobs) as result:
        yield result


@pytest.mark.parametrize("fault", ONCE)
def test_given_a_passing_fault_when_read_then_complete(
    with_one_fault: Callable[[str], tuple[Run, set[str]]], fault: str
) -> None:
    run, missing = with_one_fault(fault)

    assert run.exit_code == 0, run.log
    assert missing == set()


@pytest.fixture(scope="module")
def with_lasting_fault() -> Iterator[Callable[[str], tuple[Run, set[str]]]]:
    jobs = {
        kind: partial(
            read_with_fault, {"kind": kind, "path": "/contacts", "times": None}, SIZE, ("contacts", "sources")
        )
        for kind in LASTING
    }
    jobs |= {
        stream: partial(
            read_with_fault,
            {"kind": "repeat_page", "path": f"/{stream}$", "times": None},
            AccountSize(**{stream: 900}),
            (stream, "sources"),
        )
        for stream in WALKS
    }
    with at_once(jobs) as result:
        yield result


@pytest.mark.parametrize("kind", LASTING)
def test_given_a_lasting_fault_on_one_list_when_read_then_an_error_names_it_and_the_others_are_complete(
    with_lasting_fault: Callable[[str], tuple[Run, set[str]]], kind: str
) -> None:
    run, missing = with_lasting_fault(kind)

    assert run.exit_code == 1
    error = run.error_of("contacts")
    assert_clear(error)
    assert "contacts" in error["message"]
    assert "/crm/v2/contacts" in error["message"] + (error["internal_message"] or "")
    assert run.outcomes == {"contacts": "INCOMPLETE", "sources": "COMPLETE"}
    assert missing == {"contacts"}


@pytest.mark.parametrize("stream", WALKS)
def test_given_a_page_that_repeats_for_ever_when_read_then_it_ends_with_an_error(
    with_lasting_fault: Callable[[str], tuple[Run, set[str]]], stream: str
) -> None:
    run, missing = with_lasting_fault(stream)

    assert run.exit_code == 1
    assert_clear(run.error_of(stream))
    assert run.outcomes == {stream: "INCOMPLETE", "sources": "COMPLETE"}
    assert "sources" not in missing


@pytest.mark.parametrize("seed", seeds(3, 20))
def test_given_mixed_faults_when_read_and_resumed_then_complete(seed: int) -> None:
    dice = random.Random(seed)
    with account(SIZE, seed=seed) as crm:
        source, state = Source(crm), None
        committed: dict[str, set[str]] = {stream: set() for stream in STREAMS}
        for parameters in ONCE.values():
            path = parameters.get("path", "/crm/v2/")
            crm.fault(**{**parameters, "path": path, "times": None, "probability": 0.006, "seed": dice.random()})
        for attempt in range(4):
            if attempt == 3:
                crm.clear_faults()
            run = source.read(state=state)
            for stream in STREAMS:
                committed[stream] |= run.committed_ids(stream)
            if run.exit_code == 0:
                break
            for error in run.errors:
                assert_clear(error)
            state = run.states
        assert run.exit_code == 0, run.log
        assert {stream: len(crm.ids(stream) - ids) for stream, ids in committed.items()} == dict.fromkeys(STREAMS, 0)


@pytest.mark.long
def test_given_an_answer_that_never_comes_when_read_then_it_is_asked_for_again() -> None:
    with account(SIZE) as crm:
        crm.fault("stall", path="/contacts", seconds=600)

        run = Source(crm).read("contacts")

        assert_complete(run, crm, ("contacts",))


@pytest.mark.parametrize("stream", ["tasks", "products", "pipelines"])
def test_given_a_list_that_the_user_may_not_read_when_read_then_only_its_streams_fail(stream: str) -> None:
    fails = {"pipelines": {"pipelines", "stages"}}.get(stream, {stream})
    with account(SIZE, forbidden=[stream]) as crm:
        run = Source(crm).read()

        assert run.exit_code == 1
        assert {name for name, outcome in run.outcomes.items() if outcome != "COMPLETE"} == fails
        for name in fails:
            assert run.outcomes[name] == "INCOMPLETE"
            assert run.error_of(name)["failure_type"] == "config_error"
            assert name in run.error_of(name)["message"]
        for name in STREAMS.keys() - fails:
            assert run.ids(name) == crm.ids(name)


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
        assert_complete(run, crm, ("deal_notes",))
        assert run.ids("deal_notes").isdisjoint(note["id"] for note in notes[last["id"]])
