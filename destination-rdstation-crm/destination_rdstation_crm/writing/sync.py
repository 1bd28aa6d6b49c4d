"""One sync, wired: plans, writers, the keeper of rejects and results, and what is told at the end."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from airbyte_rdstation.airbyte.stop import Stop
from airbyte_rdstation.invisible import shown
from destination_rdstation_crm.config import Settings
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.rejects.json_lines import as_lines
from destination_rdstation_crm.rejects.private_file import PrivateFile
from destination_rdstation_crm.rejects.store import open_store
from destination_rdstation_crm.row import BatchResult, Reject, StreamKey
from destination_rdstation_crm.writing.batch_writer import BatchWriter
from destination_rdstation_crm.writing.crm_api import Crm
from destination_rdstation_crm.writing.results import result_lines
from destination_rdstation_crm.writing.stream_writer import StreamWriter
from destination_rdstation_crm.writing.worker_pool import WorkerPool

__all__ = ["Sync"]

_ACTIONS: Final = ("created", "updated", "unchanged", "rejected", "skipped")
_PLANNED: Final = ("to create", "to update", "unchanged", "to reject", "to skip")
_SECONDS_OF_SILENCE: Final = 60.0
"""A sync may take hours, and its states may be far apart: so often a batch's end is told."""

_logger = logging.getLogger("airbyte.rdstation")


class Sync:
    """What one `write` does to one account."""

    def __init__(
        self,
        settings: Settings,
        plans: Mapping[StreamKey, StreamPlan],
        crm: Crm,
        stop: Stop,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._told = clock()
        self._plans = {name: plan for (name, _), plan in plans.items()}
        self._pool = WorkerPool(settings.num_workers, stop)
        self._store = open_store(settings.object_storage_config)
        path = settings.results_path
        self._results = (
            None if path is None or settings.dry_run else PrivateFile(Path(path), "results_path", fresh=False)
        )
        self._totals: dict[str, Counter[str]] = {name: Counter() for name in self._plans}
        # Two streams may speak of the same records by the same key.
        created: dict[tuple[str, str | None], dict[str, str]] = defaultdict(dict)
        self.writer = BatchWriter(
            {
                stream: StreamWriter(
                    plan,
                    crm,
                    self._pool,
                    created[plan.crm_object.name, plan.key_field],
                    skip_unchanged=settings.skip_unchanged,
                    dry_run=settings.dry_run,
                    sleep=stop.sleep,
                )
                for stream, plan in plans.items()
            },
            go_on=settings.partial_success or settings.dry_run,  # the plan of a dry run is of all rows
        )

    def prepare(self) -> None:
        """Raises a config error where rejects or results could not be kept."""
        if self._settings.partial_success:
            self._store.probe()
        if self._results:
            self._results.probe()

    def keep(self, result: BatchResult) -> None:
        """Logs rejects and makes them, and the results, durable."""
        outcomes = result.decided
        rejects = [outcome for outcome in outcomes if isinstance(outcome, Reject)]
        for outcome in outcomes:
            self._totals[outcome.row.stream][outcome.action] += 1
        for reject in rejects:
            _logger.warning(reject.sentence)
        if rejects and self._settings.partial_success:
            self._store.add(as_lines(rejects))
        if self._results and outcomes:
            self._results.add(result_lines(outcomes, self._plans))
        if self._clock() - self._told >= _SECONDS_OF_SILENCE:
            self._tell("so far ")

    def conclude(self) -> None:
        """One line a stream: what was done, or would be."""
        self._tell("")

    def _tell(self, when: str) -> None:
        self._told = self._clock()
        dry = "dry run, nothing was written: " if self._settings.dry_run else ""
        words = _PLANNED if self._settings.dry_run else _ACTIONS
        for name, totals in sorted(self._totals.items()):
            counts = [
                f"{totals[action]:,} {word}"
                for action, word in zip(_ACTIONS, words, strict=True)
                if action != "skipped" or totals[action]  # most tables never have such rows
            ]
            _logger.info("%s: %s%s%s.", shown(name), dry, when, ", ".join(counts))

    def close(self) -> None:
        """No more writes."""
        self._pool.close()
