"""Instants as v1 writes them: São Paulo's time, an hour ahead in summer (crm-v1.md#basics).

Real tz data end summer time in 2019, and the account begins later; its summers stand for the old rows of a real one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["SAO_PAULO_MS", "local_hour", "moment"]

SAO_PAULO_MS = 3 * 3_600_000  # behind UTC
_EPOCH_THERE = datetime(1970, 1, 1) - timedelta(milliseconds=SAO_PAULO_MS)  # noqa: DTZ001 - the offset is written apart
_HOUR = timedelta(hours=1)


def moment(instant: int | None) -> str | None:
    """`2023-03-31T10:20:30.000-03:00`; from November to mid February `-02:00`."""
    if instant is None:
        return None
    local = _EPOCH_THERE + timedelta(milliseconds=instant)
    if local.month >= 11 or (local.month, local.day) < (2, 16):
        return f"{(local + _HOUR).isoformat(timespec='milliseconds')}-02:00"
    return f"{local.isoformat(timespec='milliseconds')}-03:00"


def local_hour(instant: int | None) -> str | None:
    """`HH:MM` of the same."""
    text = moment(instant)
    return text and text[11:16]
