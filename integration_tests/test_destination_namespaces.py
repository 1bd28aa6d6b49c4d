"""Streams whose namespace the catalog names and the messages do not, or the other way round."""

from __future__ import annotations

import pytest

from destination import Destination, record, shared_account, state, statistics, table, writes
from harness import Emulator, Message

shared, crm = shared_account()


def named(message: Message, namespace: str | None) -> Message:
    """The same message with a namespace, wherever its kind has it."""
    if message["type"] == "RECORD":
        return {**message, "record": {**message["record"], "namespace": namespace}}
    inner = message["state"]["stream"] if message["type"] == "STATE" else message["trace"]["stream_status"]
    inner["stream_descriptor"]["namespace"] = namespace
    return message


def status(stream: str, said: str) -> Message:
    told = {"stream_descriptor": {"name": stream}, "status": said}
    return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1.0, "stream_status": told}}


def spaced(name: str, namespace: str | None) -> Message:
    configured = table(name, ["name"])
    configured["stream"] |= {"namespace": namespace}
    return configured


@pytest.mark.parametrize(("in_catalog", "in_lines"), [("public", None), (None, "public"), ("public", "")])
def test_given_a_namespace_on_one_side_only_when_written_then_the_streams_name_tells(
    crm: Emulator, in_catalog: str | None, in_lines: str | None
) -> None:
    lines = [record("people", name="Ana Exemplo"), state("people", 1), status("people", "INCOMPLETE")]

    run = Destination(crm).write(
        [spaced("people", in_catalog), spaced("more", "sales")], [named(line, in_lines) for line in lines]
    )

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 0.0)]
    ends = {
        (told["stream_descriptor"]["name"], told["stream_descriptor"].get("namespace")): told["status"]
        for trace in run.of_type("TRACE")
        if (told := trace.get("stream_status"))
    }
    assert ends == {("people", in_catalog): "INCOMPLETE", ("more", "sales"): "COMPLETE"}


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["RECORD", "STATE", "STREAM_STATUS"])
@pytest.mark.parametrize(
    ("in_catalog", "in_lines", "told"),
    [
        (["public", "sales"], None, ["without a namespace", "`public`", "`sales`"]),
        (["public"], "sales", ["`sales`", "`public`"]),
        ([None, "public"], "sales", ["`sales`", "`public`", "without a namespace"]),
    ],
)
def test_given_a_namespace_that_leaves_the_stream_open_when_written_then_the_sentence_shows_both(
    crm: Emulator, kind: int, in_catalog: list[str | None], in_lines: str | None, told: list[str]
) -> None:
    line = [record("people", name="Ana Exemplo"), state("people", 1), status("people", "INCOMPLETE")][kind]

    run = Destination(crm).write([spaced("people", each) for each in in_catalog], [named(line, in_lines)])

    (error,) = run.errors
    assert (run.exit_code, error["failure_type"]) == (1, "config_error")
    assert [part for part in [*told, "`people`"] if part not in error["message"]] == []
    assert writes(crm) == []
