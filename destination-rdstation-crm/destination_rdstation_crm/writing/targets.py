"""Rows become targets: each one record, with the rows that speak of it in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.objects.crm_object import CUSTOM_FIELDS
from destination_rdstation_crm.objects.values import blank, fold
from destination_rdstation_crm.row import Prepared

__all__ = ["Target", "at_odds", "combined", "targets_of"]


@dataclass
class Target:
    """One record that is there (`id`), or is to be created."""

    rows: list[Prepared]
    id: str | None = None
    held: Mapping[str, Any] | None = field(default=None, repr=False)
    """The record, where the look-up has brought it."""
    made: bool = False
    """The record stems from a creation of ours whose answer was lost."""


def targets_of(
    rows: Iterable[tuple[Prepared, Mapping[str, Any] | None]], *, unique_names: bool = False
) -> list[Target]:
    """A target for each record, in the order of their first rows.

    Each row comes with the record that it matches: at least its `id`, or None where it matches none. With
    `unique_names`, rows that create records of one name speak of one record, whatever their keys: the first of them
    creates it, and each later one updates it.
    """
    targets: list[Target] = []
    by_sign: dict[tuple[str, object], Target] = {}
    for prepared, match in rows:
        id_ = prepared.id or (match["id"] if match else None)
        signs = _signs(prepared, id_, unique_names=unique_names)
        target = next((found for sign in signs if (found := by_sign.get(sign)) and _bears(found, sign)), None)
        if target is None:
            target = Target([], id_)
            targets.append(target)
        by_sign |= dict.fromkeys(signs, target)
        target.rows.append(prepared)
        if match and len(match) > 1:  # more than its id
            target.held = match
    return targets


def _bears(target: Target, sign: tuple[str, object]) -> bool:
    """Whether it still has the sign: a row may have given the record another name."""
    kind, value = sign
    names = (each.body.get("name") for each in reversed(target.rows))
    return kind != "name" or value == next((fold(name) for name in names if isinstance(name, str)), None)


def _signs(prepared: Prepared, id_: str | None, *, unique_names: bool) -> list[tuple[str, object]]:
    """What tells that two rows are about one record."""
    if id_:
        return [("id", id_)]
    name = prepared.body.get("name")
    signs: list[tuple[str, object]] = [("key", key) for key in prepared.keys]
    if unique_names and isinstance(name, str):
        signs.append(("name", fold(name)))
    return signs


def combined(plan: StreamPlan, bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The body that has the effect of all, one after the other: later values win, lists and custom fields join.

    Not of bodies that are `at_odds`.
    """
    whole = dict(bodies[0])
    for body in bodies[1:]:
        for name, value in body.items():
            whole[name] = _joined(plan, name, whole[name], value) if name in whole else value
    return whole


def at_odds(bodies: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a row empties what another fills: no single body says both, as a filled one joins what is held."""
    last: dict[str, Any] = {}
    for body in bodies:
        plain = {name: value for name, value in body.items() if name != CUSTOM_FIELDS}  # each slug's later value wins
        if any(name in last and _contradict(last[name], value) for name, value in plain.items()):
            return True
        last |= plain
    return False


def _joined(plan: StreamPlan, name: str, earlier: Any, later: Any) -> Any:
    return {**earlier, **later} if name == CUSTOM_FIELDS else plan.crm_object.by_key[name].join(earlier, later)


def _contradict(earlier: Any, later: Any) -> bool:
    if earlier == later or not isinstance(later, (list, dict)):
        return False
    return blank(earlier) or _takes_away(earlier) or _takes_away(later)


def _takes_away(value: Any) -> bool:
    """A profile without a user name."""
    return isinstance(value, list) and any(
        isinstance(item, dict) and blank(item.get("username", "…")) for item in value
    )
