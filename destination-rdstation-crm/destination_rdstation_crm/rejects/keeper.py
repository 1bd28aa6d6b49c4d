"""What a sync keeps of its rows, durable before a state goes back: rejects and results, and the counts that it logs.

Where rejects are kept: nowhere, in a folder or in S3, as the user chooses.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import secrets
import stat
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, Protocol

import orjson

from airbyte_rdstation.client.errors import config_error, system_error
from destination_rdstation_crm.config import LocalStorage, S3Storage, Settings, Storage
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.row import BatchResult, LeftOut, Outcome, Reject, Row, StreamKey, Written, named

__all__ = ["Keeper"]

_ACTIONS: Final = ("created", "updated", "unchanged", "rejected", "skipped")
_PLANNED: Final = ("to create", "to update", "unchanged", "to reject", "to skip")
_IN_PART: Final = "written in part"
_NAMED: Final = 20  # rows of a stream that the log names for one reason in one column; the others are counted

_logger = logging.getLogger("airbyte.rdstation")


class Keeper:
    """Keeps what became of a sync's rows: rejects in their store, results in their file, totals in the log."""

    def __init__(self, settings: Settings, plans: Mapping[StreamKey, StreamPlan]) -> None:
        self._settings = settings
        self._plans = plans
        self._leaves_out = settings.on_invalid_value == "leave_field_out"
        self._run = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        self._store = open_store(settings.object_storage_config, self._run)
        path = settings.results_path
        self._results = None if path is None else PrivateFile(Path(path), "results_path", fresh=False)
        self._totals: dict[StreamKey, Counter[str]] = {stream: Counter() for stream in plans}
        self._kept = BatchResult([])
        self._reasons: Counter[tuple[StreamKey, str | None, str]] = Counter()
        """Rows by stream, column and reason: what the log tells of values that do not fit."""

    def probe(self, *, unused: bool = False) -> None:
        """Raise a config error where rejects or results could not be kept.

        `unused`: also if this sync keeps none, rejects for want of `partial_success`, results in a dry run.
        """
        if self._settings.partial_success or self._leaves_out or unused:
            self._store.probe()
        if self._results and (not self._settings.dry_run or unused):
            self._results.probe()

    def keep(self, result: BatchResult) -> None:
        """Count the rows of a batch, log why values do not fit, and make rejects and results durable."""
        self._kept = result
        outcomes = result.outcomes
        kept: list[dict[str, object]] = []
        for outcome in outcomes:
            self._totals[outcome.row.stream].update(_counted_as(outcome))
            if isinstance(outcome, Reject):
                for column, reason in outcome.reasons:
                    self._warn(outcome.row, column, reason)
                kept += [self._rejected(outcome)] if self._settings.partial_success else []
            elif isinstance(outcome, Written) and outcome.left_out:
                for column, reason in dict.fromkeys((each.column, each.reason) for each in outcome.left_out):
                    self._warn(outcome.row, column, f"left out, since {reason}")
                kept.append(self._written_in_part(outcome))
        if kept:
            self._store.add(b"".join(map(_json_line, kept)))
        if self._results and outcomes and not self._settings.dry_run:
            self._results.add(b"".join(_json_line(self._result(each)) for each in outcomes))

    def conclude(self) -> None:
        """Log one line a stream: what was done, or would be; before them, how many rows were not named, and why."""
        for (stream, column, reason), rows in self._reasons.items():
            if rows > _NAMED:
                more = f"… and {rows - _NAMED:,} more rows for the same reason, {rows:,} in all"
                _logger.warning("%s%s: %s: %s.", self._plans[stream].label, named(column), more, reason)
        for stream, totals in self._sorted_totals():
            _logger.info("%s: %s.", self._plans[stream].label, self._counted(totals))

    def _warn(self, row: Row, column: str | None, reason: str) -> None:
        """Name the row in the log, unless that many were named for the same reason.

        By its number: its key may be somebody's e-mail or phone, which no log may hold (SECURITY.md).
        """
        same = row.stream, column, reason.partition(": ")[0]  # what follows the colon varies
        self._reasons[same] += 1
        if self._reasons[same] <= _NAMED:
            _logger.warning("%s: row %s%s: %s", self._plans[row.stream].label, row.number, named(column), reason)

    def so_far(self, under_way: BatchResult, received: Mapping[StreamKey, int]) -> list[str]:
        """Give one line a stream: what is done of the rows received, those of the batch under way included."""
        lines = []
        for stream, totals in self._sorted_totals():
            done = totals.copy()
            if under_way is not self._kept:
                outcomes = (outcome for outcome in under_way.outcomes if outcome.row.stream == stream)
                done.update(word for outcome in outcomes for word in _counted_as(outcome))
            rows = f"{sum(done[action] for action in _ACTIONS):,} of {received[stream]:,} rows received are done"
            lines.append(f"{self._plans[stream].label}: {rows}; {self._counted(done)}.")
        return lines

    def _sorted_totals(self) -> list[tuple[StreamKey, Counter[str]]]:
        return sorted(self._totals.items(), key=lambda each: (each[0][0], each[0][1] or ""))

    def _counted(self, totals: Mapping[str, int]) -> str:
        """What was done, or would be: `2 created, 0 updated, 0 unchanged, 0 rejected`."""
        dry = "dry run, nothing was written: " if self._settings.dry_run else ""
        words = _PLANNED if self._settings.dry_run else _ACTIONS
        counts = [
            f"{totals[action]:,} {word}"
            for action, word in zip(_ACTIONS, words, strict=True)
            if action != "skipped" or totals[action]  # most tables never have such rows
        ]
        in_part = f"; {totals[_IN_PART]:,} of them {_IN_PART}" if self._leaves_out else ""
        return dry + ", ".join(counts) + in_part

    def _result(self, outcome: Outcome) -> dict[str, object]:
        """A line of `results_path`, for whoever needs the ids back in the warehouse."""
        row, plan = outcome.row, self._plans[outcome.row.stream]
        return {
            "run": self._run,
            **_place(plan, row),
            "matching_key": row.cells.get(plan.identifying_column) if plan.identifying_column else None,
            "_id": outcome.id if isinstance(outcome, Written) else None,
            "outcome": outcome.action,
            **_left_out(outcome),
        }

    def _rejected(self, reject: Reject) -> dict[str, object]:
        """A line of the rejects: the original row, and why it is not in the CRM."""
        return {
            **_place(self._plans[reject.row.stream], reject.row),
            "rejected_reason": reject.reason + reject.aside,
            "column": reject.column,
            "field": reject.field_name,
            "api_message": reject.said or None,
            **({"others": [*map(_flaw, reject.others)]} if reject.others else {}),
            "row": reject.row.data,
        }

    def _written_in_part(self, written: Written) -> dict[str, object]:
        """A line of the rejects, too: the original row, and what of it is not in the CRM."""
        place = _place(self._plans[written.row.stream], written.row)
        left_out = [*map(_flaw, written.left_out)]
        return {**place, "outcome": _IN_PART, "_id": written.id, "left_out": left_out, "row": written.row.data}


def _flaw(each: LeftOut) -> dict[str, object]:
    reason = each.reason + each.aside
    return {"column": each.column, "field": each.field_name, "reason": reason, "api_message": each.said or None}


def _counted_as(outcome: Outcome) -> list[str]:
    """Name what a row counts as: one action, and beside it whether it was written in part."""
    return [outcome.action, *([_IN_PART] if isinstance(outcome, Written) and outcome.left_out else ())]


def _left_out(outcome: Outcome) -> dict[str, object]:
    """Name the fields that a result lacks: `{"left_out": ["@origem"]}`, or nothing."""
    left_out = outcome.left_out if isinstance(outcome, Written) else ()
    return {"left_out": [each.field_name for each in left_out]} if left_out else {}


def _place(plan: StreamPlan, row: Row) -> dict[str, object]:
    """Which row it is: `{"stream": "people", "row_number": 3}`, with the `namespace` that the plan may have."""
    namespace = {"namespace": plan.namespace} if plan.namespace else {}
    return {"stream": plan.name, **namespace, "row_number": row.number}


def _json_line(content: dict[str, object]) -> bytes:
    """One line, whatever a row may hold."""
    try:
        return orjson.dumps(content, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # a number of too many digits, half of a surrogate pair, or many levels
        parsed = json.loads(json.dumps(content, default=str), parse_constant=lambda _: None)  # JSON has no NaN
        return json.dumps(parsed).encode() + b"\n"


_JOB: Final = "WORKER_JOB_ID"
"""The platform's number of the sync: its page of a sync links to the objects below `<bucket_path>/<job>/`."""

_OWNER_ONLY: Final = 0o600
_OWNER_ONLY_FOLDER: Final = 0o700


def open_store(storage: Storage, run: str) -> Store:
    """Choose the store of this sync, which no other one calls `run`; nothing is asked or made yet."""
    if isinstance(storage, LocalStorage):
        path = Path(storage.folder, f"rejected-{run}.jsonl")
        return PrivateFile(path, "object_storage_config.folder", fresh=True)
    if isinstance(storage, S3Storage):
        # boto3 takes half a second to import: only a sync that needs it waits.
        from destination_rdstation_crm.rejects.s3 import S3Objects

        return S3Objects(storage, folder=os.environ.get(_JOB) or "rejected", name=f"rejected-{run}")
    return Nowhere()


class Store(Protocol):
    """Takes lines of JSON."""

    def probe(self) -> None:
        """Raise a config error where lines could not be kept; leaves nothing behind."""

    def add(self, lines: bytes) -> None:
        """Keep lines; they are durable when this returns."""


class Nowhere:
    """Rejected rows are counted and logged, and that is all."""

    def probe(self) -> None:
        """Do nothing: nothing can be wrong."""

    def add(self, lines: bytes) -> None:
        """Forget them."""


class PrivateFile:
    """A file that only its owner may read, made when its first line is added."""

    def __init__(self, path: Path, setting: str, *, fresh: bool) -> None:
        """`fresh`: nobody else's file may stand there, and no link either."""
        self._path = path
        self._setting = setting
        self._flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | (os.O_EXCL if fresh else 0)
        self._file: int | None = None

    def probe(self) -> None:
        """Raise a config error where no file can be made; leaves none behind."""
        self._make_folder()
        try:
            if not self._takes_lines():
                trial = self._path.with_name(f".check-{secrets.token_hex(8)}")
                os.close(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _OWNER_ONLY))
                trial.unlink()
        except OSError as error:
            raise self._wrong(error) from None

    def _takes_lines(self) -> bool:
        """Whether a file stands there already; raises OSError where it is none, or not ours to write."""
        try:
            # Not to wait at a pipe that nobody reads.
            file = os.open(self._path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return False
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(errno.EINVAL, "There is a device or a pipe")
        finally:
            os.close(file)
        return True

    def add(self, lines: bytes) -> None:
        """Append lines; they have reached the disk when this returns."""
        if self._file is None:
            self._file = self._opened()
            if _is_cut(self._file):
                lines = b"\n" + lines
        try:
            while lines:
                lines = lines[os.write(self._file, lines) :]
            os.fsync(self._file)
        except OSError as error:
            raise system_error(f"The file of `{self._setting}` cannot be written: {error.strerror}.") from None

    def _opened(self) -> int:
        self._make_folder()
        try:
            return os.open(self._path, self._flags, _OWNER_ONLY)
        except OSError as error:
            raise self._wrong(error) from None

    def _make_folder(self) -> None:
        try:
            self._path.parent.mkdir(_OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise self._wrong(error) from None

    def _wrong(self, error: OSError) -> Exception:
        return config_error(f"`{self._setting}` names a place where no file can be written: {error.strerror}.")


def _is_cut(file: int) -> bool:
    """Whether the last line has no end: a disk was full, or a process was killed. The next one must not join it."""
    size = os.fstat(file).st_size
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"
