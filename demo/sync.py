"""One sync of a source into a DuckDB file, keeping state and tokens between runs; `make sync` calls it.

State lives in the DuckDB file (PyAirbyte keeps it there), tokens in the configuration file, which is rewritten the
moment a rotation arrives: RD Station's refresh tokens are used once, and a lost one locks the user out.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from demo.display import Display
from demo.newest_tokens import NewestTokens

__all__ = ["Report", "StreamRead", "SyncFailed", "sync"]

CONNECTORS = Path(__file__).resolve().parent.parent / ".venv" / "bin"
SHOWN_EVERY_SECONDS = 0.25


class SyncFailed(Exception):  # noqa: N818 - reads as what happened
    """The sync ended without everything it was asked for; the text is for the user."""


@dataclass
class StreamRead:
    """What one stream did in one sync. Streams run side by side: their seconds do not add up."""

    records: int = 0
    rows: int = 0  # in its table afterwards
    seconds: float = 0.0  # from its start to its end
    status: str = "RUNNING"
    started: float = field(default_factory=time.monotonic)


@dataclass
class Report:
    """What one sync did."""

    streams: dict[str, StreamRead] = field(default_factory=dict)
    seconds: float = 0.0


def sync(config: Path, database: Path, streams: Sequence[str] = ()) -> Report:
    """Check, discover and read into `database`; an empty `streams` means all of them.

    Raises SyncFailed when not everything could be read. Streams that could be are in the database all the same.
    """
    began = time.monotonic()
    with _work_directory(config) as work:
        airbyte = _import_pyairbyte(work)
        from sqlalchemy.exc import DBAPIError  # comes with PyAirbyte

        watch = _Watch(config)
        try:
            report = _sync(airbyte, watch, database, streams, work)
        except airbyte.exceptions.PyAirbyteError as error:
            watch.insist()
            told = f"{error.get_message()} The connector's log is below {work / 'logs'}."
            raise SyncFailed(watch.reason or told) from error
        except DBAPIError as error:
            watch.insist()
            first_line, *_ = str(error.orig).splitlines()
            raise SyncFailed(f"{database} cannot be used. {first_line}") from error
    report.seconds = time.monotonic() - began
    return report


def _sync(airbyte: Any, watch: _Watch, database: Path, streams: Sequence[str], work: Path) -> Report:
    config = watch.tokens.config
    name = _source_for(config)
    source = airbyte.get_source(
        name, config=config, config_change_callback=watch.on_config, local_executable=str(CONNECTORS / name)
    )
    watch.attach(source)

    print("check ...", flush=True)
    source.check()
    watch.insist()
    print("discover ...", flush=True)
    available = source.get_available_streams()
    watch.insist()
    if unknown := [stream for stream in streams if stream not in available]:
        raise SyncFailed(f"{name} has no stream {', '.join(unknown)}. Its streams: {', '.join(available)}.")
    wanted = list(streams) or available
    source.select_streams(wanted)

    print(f"read {len(wanted)} streams into {database} ...", flush=True)
    cache = airbyte.caches.DuckDBCache(db_path=database, cache_dir=work / "cache")
    report = watch.report
    try:
        with watch.display:
            _read(source, cache)
    except airbyte.exceptions.AirbyteConnectorFailedError as error:
        # PyAirbyte stores nothing of a read that failed, not even the streams that were read to their end: read those
        # again, alone, rather than give the user nothing because one stream is forbidden.
        readable = [name for name in wanted if name in report.streams and report.streams[name].status == "COMPLETE"]
        unreadable = [name for name in wanted if name not in readable]
        if not readable or not unreadable:
            raise
        watch.insist()
        print(f"not readable: {', '.join(unreadable)}; reading the others again, to store them ...", flush=True)
        watch.report = Report()
        source.select_streams(readable)
        with watch.display:
            _read(source, cache)
        raise SyncFailed(f"Everything but {', '.join(unreadable)} is in {database}. {watch.reason}") from error
    finally:
        watch.insist()
    for name in wanted:
        report.streams.setdefault(name, StreamRead()).rows = len(cache.streams[name])
    return report


def _source_for(config: Mapping[str, Any]) -> str:
    """The connector whose configuration it is: only that of the CRM has credentials."""
    return "source-rdstation-crm" if "credentials" in config else "source-rdstation-conversas"


def _read(source: Any, cache: Any) -> None:
    """Read the selected streams; afterwards each table holds every record once, in its newest version.

    A record edited while it is read comes twice. PyAirbyte's own merging keeps both when they are new, and either of
    them when they are not [seen], so rows are appended, and superseded ones deleted here. A run that dies in between
    leaves both: the next run deletes the older.
    """
    source.read(cache=cache, write_strategy="append")
    selected = source.get_selected_streams()
    streams = [each for each in source.discovered_catalog.streams if each.name in selected]
    cache.execute_sql([line for stream in streams for line in (_keep_newest(stream), *_comments(stream))])


def _keep_newest(stream: Any) -> str:
    # Without a key, records that say the same are the same.
    columns = [column for (column,) in stream.source_defined_primary_key or ()] or stream.json_schema["properties"]
    key = ", ".join(f'"{column}"' for column in columns)
    cursor = "".join(f'"{column}" NULLS FIRST, ' for column in stream.default_cursor_field or ())
    return (
        f'DELETE FROM "{stream.name}" WHERE rowid NOT IN '  # noqa: S608 - names of our own catalog
        f'(SELECT last(rowid ORDER BY {cursor}_airbyte_extracted_at, rowid) FROM "{stream.name}" GROUP BY {key})'
    )


def _comments(stream: Any) -> Iterator[str]:
    """Yield what writes each field's description as the comment of its column, anew in each sync."""
    for column, schema in stream.json_schema["properties"].items():
        if "description" in schema:
            text = schema["description"].replace("'", "''")
            yield f"""COMMENT ON COLUMN "{stream.name}"."{column}" IS '{text}'"""


class _Watch:
    """Sees every message before PyAirbyte acts on it: keeps the tokens, counts, shows progress.

    Nothing here may raise while PyAirbyte is calling: it takes an exception for an unreadable line, drops the message
    and writes the line, tokens included, to its log. `insist` raises afterwards instead.
    """

    def __init__(self, path: Path) -> None:
        self.tokens = NewestTokens(path)
        self.report = Report()
        self._source: Any = None
        self._errors: dict[str, str] = {}  # by stream; "" for the command
        self.display = Display()
        self._shown = time.monotonic()

    def attach(self, source: Any) -> None:
        self._source = source
        peek: Callable[..., None] = source._peek_airbyte_message

        def look_then_peek(message: Any, **options: Any) -> None:
            self._see(message)
            peek(message, **options)

        source._peek_airbyte_message = look_then_peek  # the one place that every message of every command passes

    def on_config(self, config: Mapping[str, Any]) -> None:
        """A CONTROL message: first to the disk, then to PyAirbyte, whose next command would start with dead tokens."""
        self.tokens.keep(config)
        self._source.set_config(dict(config), validate=False)

    def insist(self) -> None:
        """Raise if new tokens could not be saved."""
        if self.tokens.loss:
            raise SyncFailed(self.tokens.loss)

    @property
    def reason(self) -> str:
        """What the connector said of why it failed, of each stream or else of the command; empty if it said nothing."""
        return " ".join([text for stream, text in self._errors.items() if stream] or self._errors.values())

    def _see(self, message: Any) -> None:
        if message.record:
            self._stream(message.record.stream).records += 1
        elif message.trace and message.trace.stream_status:
            status = message.trace.stream_status
            self._see_status(status.stream_descriptor.name, status.status.value)
        elif message.trace and message.trace.error:
            stream = message.trace.error.stream_descriptor
            self._errors[stream.name if stream else ""] = message.trace.error.message
        elif message.connectionStatus and message.connectionStatus.status.value == "FAILED":  # else a remark
            self._errors[""] = message.connectionStatus.message or ""
        elif message.log:
            self.display.hear(message.log.message)
        if time.monotonic() - self._shown >= SHOWN_EVERY_SECONDS:
            self._show()

    def _see_status(self, name: str, status: str) -> None:
        stream = self._stream(name)
        stream.status = status
        if status in ("COMPLETE", "INCOMPLETE"):
            stream.seconds = time.monotonic() - stream.started
            print(f"  {name}: {stream.records:,} records, {stream.seconds:.1f} s, {status.lower()}", flush=True)

    def _show(self) -> None:
        self.display.show(
            {name: each.records for name, each in self.report.streams.items() if each.status == "RUNNING"}
        )
        self._shown = time.monotonic()

    def _stream(self, name: str) -> StreamRead:
        return self.report.streams.setdefault(name, StreamRead())


@contextmanager
def _work_directory(config: Path) -> Iterator[Path]:
    """A private folder beside the configuration, and the right to its tokens: one sync at a time.

    Private, because PyAirbyte makes its copies of the configuration readable by everybody [read].
    """
    work = config.resolve().parent / ".pyairbyte" / config.stem
    work.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    work.mkdir(mode=0o700, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SyncFailed(f"Another sync is using {config}.") from None
        for leftover in ("config", "cache", "logs"):  # of a run that was killed, or the last one's
            shutil.rmtree(work / leftover, ignore_errors=True)
            (work / leftover).mkdir()
        try:
            yield work
        finally:
            shutil.rmtree(work / "config", ignore_errors=True)
            shutil.rmtree(work / "cache", ignore_errors=True)


def _import_pyairbyte(work: Path) -> Any:
    """PyAirbyte, offline: no connector registry, no telemetry, no file outside `work`. It reads these when imported."""
    os.environ["AIRBYTE_OFFLINE_MODE"] = "1"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["NO_LIVE_PROGRESS"] = "1"  # its display needs a terminal and takes it over; ours is lines
    os.environ["AIRBYTE_TEMP_DIR"] = str(work / "config")
    os.environ["AIRBYTE_LOGGING_ROOT"] = str(work / "logs")
    os.environ["AIRBYTE_PROJECT_DIR"] = str(work)
    os.environ["AIRBYTE_PRINT_FULL_ERROR_LOGS"] = "0"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # its Google libraries announce Python versions they will drop
        import airbyte
        import airbyte.caches
        import airbyte.exceptions

    return airbyte


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="sync", description="Read an RD Station account into a DuckDB file.")
    parser.add_argument("config", type=Path, help="the connector's configuration; rewritten when tokens rotate")
    parser.add_argument("--db", type=Path, help="the DuckDB file (default: beside the configuration, same name)")
    parser.add_argument("--streams", default="", help="names separated by commas (default: all)")
    parser.add_argument("--report", type=Path, help="gets what the sync did, as JSON, instead of stdout")
    options = parser.parse_args(arguments)
    database = options.db or options.config.with_suffix(".duckdb")
    try:
        report = sync(options.config, database, [name.strip() for name in options.streams.split(",") if name.strip()])
    except (SyncFailed, ValueError, OSError) as error:
        print(f"sync failed: {error}", file=sys.stderr)
        return 1
    if options.report:
        options.report.write_text(json.dumps(asdict(report)), encoding="utf-8")
        return 0
    for name, read in sorted(report.streams.items()):
        print(f"{name:30} {read.records:>9,} records read {read.rows:>9,} rows in the table")
    print(f"done in {report.seconds:.0f} s: {database}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
