"""What a sync keeps of its rows: rejects and results, durable before a state goes back, and the counts that it logs."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import orjson

from airbyte_rdstation.invisible import plain_name, shown
from destination_rdstation_crm.config import Settings
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.objects.crm_object import ID_FIELD
from destination_rdstation_crm.rejects.store import PrivateFile, open_store
from destination_rdstation_crm.row import BatchResult, Outcome, Reject, StreamKey, Written

__all__ = ["Keeper"]

_ACTIONS: Final = ("created", "updated", "unchanged", "rejected", "skipped")
_PLANNED: Final = ("to create", "to update", "unchanged", "to reject", "to skip")
_SECONDS_OF_SILENCE: Final = 60.0
"""A sync may take hours, and its states may be far apart: so often a batch's end is logged."""

_logger = logging.getLogger("airbyte.rdstation")


class Keeper:
    """Takes the results of batches."""

    def __init__(
        self,
        settings: Settings,
        plans: Mapping[StreamKey, StreamPlan],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._logged = clock()
        self._plans = {name: plan for (name, _), plan in plans.items()}
        self._store = open_store(settings.object_storage_config)
        path = settings.results_path
        self._results = (
            None if path is None or settings.dry_run else PrivateFile(Path(path), "results_path", fresh=False)
        )
        self._totals: dict[str, Counter[str]] = {name: Counter() for name in self._plans}

    def probe(self) -> None:
        """Raise a config error where rejects or results could not be kept."""
        if self._settings.partial_success:
            self._store.probe()
        if self._results:
            self._results.probe()

    def keep(self, result: BatchResult) -> None:
        """Log rejects and make them, and the results, durable."""
        outcomes = result.decided
        rejects = [outcome for outcome in outcomes if isinstance(outcome, Reject)]
        for outcome in outcomes:
            self._totals[outcome.row.stream][outcome.action] += 1
        for reject in rejects:
            _logger.warning(reject.sentence)
        if rejects and self._settings.partial_success:
            self._store.add(_json_lines(map(_rejected, rejects)))
        if self._results and outcomes:
            self._results.add(_json_lines(map(self._result, outcomes)))
        if self._clock() - self._logged >= _SECONDS_OF_SILENCE:
            self._log("so far ")

    def conclude(self) -> None:
        """Log one line a stream: what was done, or would be."""
        self._log("")

    def _log(self, when: str) -> None:
        self._logged = self._clock()
        dry = "dry run, nothing was written: " if self._settings.dry_run else ""
        words = _PLANNED if self._settings.dry_run else _ACTIONS
        for name, totals in sorted(self._totals.items()):
            counts = [
                f"{totals[action]:,} {word}"
                for action, word in zip(_ACTIONS, words, strict=True)
                if action != "skipped" or totals[action]  # most tables never have such rows
            ]
            _logger.info("%s: %s%s%s.", shown(name), dry, when, ", ".join(counts))

    def _result(self, outcome: Outcome) -> dict[str, object]:
        """A line of `results_path`, for who needs the ids back in the warehouse."""
        row, plan = outcome.row, self._plans[outcome.row.stream]
        column = plan.column_of(plan.key_field or ID_FIELD)
        return {
            "stream": row.stream,
            "row_number": row.number,
            "matching_key": row.cells.get(plain_name(column)) if column else None,
            "_id": outcome.id if isinstance(outcome, Written) else None,
            "outcome": outcome.action,
        }


def _rejected(reject: Reject) -> dict[str, object]:
    """A line of the rejects: the original row, and why it is not in the CRM."""
    return {
        "stream": reject.row.stream,
        "row_number": reject.row.number,
        "rejected_reason": reject.reason,
        "column": reject.column,
        "field": reject.field_name,
        "api_message": reject.said or None,
        "row": reject.row.data,
    }


def _json_lines(contents: Iterable[dict[str, object]]) -> bytes:
    return b"".join(map(_json_line, contents))


def _json_line(content: dict[str, object]) -> bytes:
    """One line, whatever a row may hold."""
    try:
        return orjson.dumps(content, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # a number of too many digits, half of a surrogate pair, or many levels
        parsed = json.loads(json.dumps(content, default=str), parse_constant=lambda _: None)  # JSON has no NaN
        return json.dumps(parsed).encode() + b"\n"
