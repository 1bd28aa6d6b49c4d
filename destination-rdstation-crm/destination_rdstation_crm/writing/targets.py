"""Rows become targets: each one record, with the rows that speak of it in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.row import Prepared

__all__ = ["Target", "combined", "targets_of"]


@dataclass
class Target:
    """One record that is there (`id`), or is to be created."""

    rows: list[Prepared]
    id: str | None = None
    held: Mapping[str, Any] | None = field(default=None, repr=False)
    """The record, where the look-up has brought it."""
    made: bool = False
    """The record stems from a creation of ours whose answer was lost."""


def targets_of(rows: Iterable[tuple[Prepared, Mapping[str, Any] | None]]) -> list[Target]:
    """A target for each record, in the order of their first rows.

    Each row comes with the record that it matches: at least its `id`, or None where it matches none.
    """
    targets: dict[tuple[str, object], Target] = {}
    for prepared, match in rows:
        id_ = prepared.id or (match["id"] if match else None)
        sign: tuple[str, object] = ("row", prepared.row.number)
        if id_:
            sign = ("id", id_)
        elif prepared.key is not None:
            sign = ("key", prepared.key)
        target = targets.setdefault(sign, Target([], id_))
        target.rows.append(prepared)
        if match and len(match) > 1:  # more than its id
            target.held = match
    return list(targets.values())


def combined(plan: StreamPlan, bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The body that has the effect of all, one after the other: later values win, lists and custom fields join."""
    whole = dict(bodies[0])
    for body in bodies[1:]:
        joined = plan.merged(whole, body)
        for name, value in joined.items():
            held = whole.get(name)
            whole[name] = {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value
    return whole
