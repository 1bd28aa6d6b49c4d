from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from airbyte_rdstation import config_file
from demo.sync import SyncFailed, _keep_newest, _read, _source_for, _Watch

OLD = {"credentials": {"refresh_token": "old"}, "start_date": "2024-01-01T00:00:00Z"}
NEW = {"credentials": {"refresh_token": "new"}, "start_date": "2024-01-01T00:00:00Z"}


class FakeSource:
    def __init__(self) -> None:
        self.config: Mapping[str, Any] = OLD
        self.peeked: list[Any] = []

    def set_config(self, config: dict[str, Any], *, validate: bool) -> None:
        assert not validate
        self.config = config

    def _peek_airbyte_message(self, message: Any) -> None:
        self.peeked.append(message)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(OLD))
    return path


def test_saving_replaces_the_file_and_leaves_nothing_else(path: Path) -> None:
    config_file.save(path, NEW)

    assert config_file.load(path) == NEW
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_given_a_link_when_saved_then_it_stays_a_link(path: Path) -> None:
    link = path.parent / "link.json"
    link.symlink_to(path)

    config_file.save(link, NEW)

    assert link.is_symlink()
    assert config_file.load(path) == NEW


@pytest.mark.parametrize("text", ["{'refresh_token': 's3cret'}", '["s3cret"]', "\xff"])
def test_a_file_that_holds_no_object_is_refused_without_its_content(path: Path, text: str) -> None:
    path.write_text(text, encoding="latin-1")

    with pytest.raises(
        ValueError, match=r"config\.json (is no JSON file|holds no JSON object|is not saved as UTF-8)"
    ) as refusal:
        config_file.load(path)

    assert "s3cret" not in str(refusal.value)


def test_given_a_rotation_then_the_file_and_the_next_command_get_the_new_tokens(path: Path) -> None:
    watch, source = _Watch(path), FakeSource()
    watch.attach(source)

    watch.on_config(NEW)

    assert config_file.load(path) == NEW
    assert source.config == NEW


def test_given_tokens_that_cannot_be_saved_then_pyairbyte_sees_no_exception_and_the_sync_fails_afterwards(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, source = _Watch(path), FakeSource()
    watch.attach(source)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(config_file, "save", full_disk)

    watch.on_config(NEW)

    assert source.config == NEW
    with pytest.raises(SyncFailed, match=r"No space left on device.*authorize the connection again"):
        watch.insist()


def test_records_and_statuses_are_counted_and_passed_on(path: Path) -> None:
    watch, source = _Watch(path), FakeSource()
    watch.attach(source)
    messages = [_status("STARTED"), _record(), _record(), _status("COMPLETE")]

    for message in messages:
        source._peek_airbyte_message(message)

    assert source.peeked == messages
    assert watch.report.streams["deals"].records == 2
    assert watch.report.streams["deals"].status == "COMPLETE"


def test_the_reason_is_what_a_check_answers_or_else_what_is_said_of_each_stream(path: Path) -> None:
    watch, source = _Watch(path), FakeSource()
    watch.attach(source)

    for status, text in (("FAILED", "No such token."), ("SUCCEEDED", "A name is no option.")):
        answer = SimpleNamespace(status=SimpleNamespace(value=status), message=text)
        source._peek_airbyte_message(_message(connectionStatus=answer))
    assert watch.reason == "No such token."

    for stream, text in (("deals", "deals: denied."), ("users", "users: denied."), ("", "Two streams are not read.")):
        error = SimpleNamespace(message=text, stream_descriptor=SimpleNamespace(name=stream) if stream else None)
        source._peek_airbyte_message(_message(trace=SimpleNamespace(stream_status=None, error=error)))
    assert watch.reason == "deals: denied. users: denied."


def _message(**filled: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"record": None, "trace": None, "log": None, "connectionStatus": None, **filled})


def _record() -> SimpleNamespace:
    return _message(record=SimpleNamespace(stream="deals"))


def _status(status: str) -> SimpleNamespace:
    stream_status = SimpleNamespace(
        stream_descriptor=SimpleNamespace(name="deals"), status=SimpleNamespace(value=status)
    )
    return _message(trace=SimpleNamespace(stream_status=stream_status))


def test_the_configuration_says_which_connector_reads_it() -> None:
    assert _source_for(OLD) == "source-rdstation-crm"
    assert _source_for({"access_token": "x"}) == "source-rdstation-conversas"


def test_given_a_stream_without_a_key_then_records_that_say_the_same_are_one() -> None:
    properties: dict[str, Any] = {"data": {}, "name": {}}
    stream = SimpleNamespace(
        name="items", source_defined_primary_key=None, default_cursor_field=None, json_schema={"properties": properties}
    )

    assert 'GROUP BY "data", "name")' in _keep_newest(stream)


def test_a_sync_writes_the_descriptions_of_fields_as_comments_of_their_columns_anew() -> None:
    properties = {"for": {"description": "The deal's kind."}, "createdAt": {"description": "Before."}, "extra": {}}
    stream = SimpleNamespace(
        name="items",
        source_defined_primary_key=[["for"]],
        default_cursor_field=None,
        json_schema={"properties": properties},
    )
    source = SimpleNamespace(
        read=lambda **_: None,
        get_selected_streams=lambda: ["items"],
        discovered_catalog=SimpleNamespace(streams=[stream, SimpleNamespace(name="not selected")]),
    )
    with duckdb.connect(":memory:") as database:
        database.execute(
            'CREATE TABLE items ("for" VARCHAR, createdat TIMESTAMP, extra JSON, _airbyte_extracted_at TIMESTAMP)'
        )
        cache = SimpleNamespace(execute_sql=lambda lines: database.execute(";".join(lines)))
        for text in ("Before.", "After."):
            properties["createdAt"]["description"] = text
            _read(source, cache)
        found = database.execute("SELECT column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL")

        assert dict(found.fetchall()) == {"for": "The deal's kind.", "createdat": "After."}
