"""People at work on the account while it is read: edits, creations and deletions at a given pace."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock
from .data.changes import Changes
from .rng import rng

__all__ = ["Churn", "ChurnPlan"]

TICK_S = 0.02


@dataclass(frozen=True)
class ChurnPlan:
    """Changes a second, spread over `lists` (top-level ones)."""

    edits_per_s: float = 0.0
    creates_per_s: float = 0.0
    deletes_per_s: float = 0.0
    lists: tuple[str, ...] = field(default=("contacts", "deals", "organizations", "tasks"))
    seed: int = 0


class Churn:
    """At most one plan runs at a time."""

    def __init__(self, changes: Changes, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether a plan runs."""
        return self._task is not None and not self._task.done()

    def start(self, plan: ChurnPlan) -> None:
        """Run a plan instead of the one before."""
        self.stop()
        self._task = asyncio.get_running_loop().create_task(self._run(plan))

    def stop(self) -> None:
        """Leave the account alone; what happened stays in the log."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, plan: ChurnPlan) -> None:
        loop = asyncio.get_running_loop()
        begun, done = loop.time(), [0, 0, 0]
        dice: Any = rng("churn", plan.seed)
        acts = (self._edit, self._create, self._delete)
        rates = (plan.edits_per_s, plan.creates_per_s, plan.deletes_per_s)
        while True:
            await asyncio.sleep(TICK_S)
            for kind, (act, rate) in enumerate(zip(acts, rates, strict=True)):
                # Counted from the beginning: a late tick catches up instead of slowing the pace.
                for _ in range(int((loop.time() - begun) * rate) - done[kind]):
                    done[kind] += 1
                    act(dice.choice(plan.lists), dice)

    def _edit(self, name: str, dice: Any) -> None:
        rows = self._changes.account.lists[name]
        if len(rows):
            self._changes.edit(name, rows.rows[rows.id_at(dice.randrange(len(rows)))])

    def _create(self, name: str, _dice: Any) -> None:
        account, now = self._changes.account, self._clock.now()
        self._changes.create(name, account.new_row(name, account.generated_fields(name, now, now), now, now))

    def _delete(self, name: str, dice: Any) -> None:
        rows = self._changes.account.lists[name]
        if len(rows):
            self._changes.delete(name, rows.rows[rows.id_at(dice.randrange(len(rows)))])
