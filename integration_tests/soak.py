"""A soak: hours of an account's life, scaled. Syncs every few minutes into DuckDB while records change, faults strike
and runs are killed; changes of the table go back through the destination. At the end nothing is missing, nothing is
there twice, and memory is where it was.

    python -m soak --minutes 120 --scale 20     # two hours in some minutes; `make soak` does it
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb
import orjson

from destination import Destination, record, state, table
from harness import AccountSize, Emulator, Line, Run, Source, account

__all__ = ["Report", "soak"]

SIZE = AccountSize(contacts=1_500, deals=120, organizations=500, tasks=400)
STREAMS = (
    *("contacts", "deals", "deal_files", "deal_notes", "deal_products", "meetings"),
    *("organizations", "tasks", "pipelines", "stages", "users"),
)
CHANGED = ("contacts", "deals", "organizations", "tasks")
EMULATED_MINUTES_BETWEEN_SYNCS = 5
PUSHED_AT_ONCE, CREATED_AT_ONCE = 40, 15
FAULTS = ("500", "503", "reset", "truncate", "html_200", "429")
SHARE_OF_KILLS = 0.35
SHARE_OF_FAULTS = 0.01


@dataclass
class Report:
    """What a soak saw."""

    syncs: int = 0
    kills: int = 0
    pushes: int = 0
    authorized_again: int = 0
    peaks: list[int] = field(default_factory=list)
    """Peak memory of each sync that was not killed, bytes."""
    missing: dict[str, int] = field(default_factory=dict)
    stale: dict[str, int] = field(default_factory=dict)
    twice: dict[str, int] = field(default_factory=dict)
    pushed_wrong: int = 0

    @property
    def is_clean(self) -> bool:
        """Nothing is missing, old or there twice."""
        return not (any(self.missing.values()) or any(self.stale.values()) or any(self.twice.values())) and (
            self.pushed_wrong == 0
        )

    @property
    def growth(self) -> float:
        """Peak memory of the later half of the syncs beside that of the earlier."""
        half = len(self.peaks) // 2
        return max(self.peaks[half:]) / max(self.peaks[:half]) if half else 1.0


class Warehouse:
    """What a platform keeps: of each run the records that a STATE covers, the newest of each id."""

    def __init__(self) -> None:
        self._tables = duckdb.connect()
        self._tables.execute("CREATE TABLE records (stream TEXT, id TEXT, data TEXT, PRIMARY KEY (stream, id))")
        self.states: dict[str, Any] = {}

    def keep(self, run: Run) -> None:
        """Take what the run printed."""
        pending: dict[str, dict[str, str]] = {}
        for line in run.lines:
            if line.is_record:
                found = line.message["record"]
                pending.setdefault(found["stream"], {})[found["data"]["id"]] = orjson.dumps(found["data"]).decode()
            elif line.text.startswith(b'{"type":"STATE"'):
                stream = line.message["state"]["stream"]["stream_descriptor"]["name"]
                self.states[stream] = line.message["state"]
                rows = pending.pop(stream, {})
                columns = [stream, list(rows), list(rows.values())]  # one by one, DuckDB takes a millisecond a row
                self._tables.execute("INSERT OR REPLACE INTO records SELECT ?, unnest(?), unnest(?)", columns)

    def rows(self, stream: str) -> dict[str, Any]:
        """Its rows by id."""
        query = "SELECT id, data FROM records WHERE stream = ?"
        return {id_: orjson.loads(data) for id_, data in self._tables.execute(query, [stream]).fetchall()}


def soak(minutes: float, scale: float, seed: int = 1) -> Report:
    """So many emulated minutes, `scale` of them in one."""
    dice, report, warehouse = random.Random(seed), Report(), Warehouse()
    limit: dict[str, Any] = {"rate_limit_requests": 120, "rate_limit_window_s": 60 / scale, "latency_s": 0.5 / scale}
    with account(SIZE, seed=seed, access_token_ttl_s=7200 / scale / 8, **limit) as crm:
        pace: dict[str, Any] = {"requests_per_minute": round(118 * scale)}
        source, destination = Source(crm, **pace), Destination(crm, column_mapping=[], **pace)
        pushed: dict[str, str] = {}
        # Rounds, not hours of the clock: a busy machine shall take longer, not see less of the account's life.
        for _ in range(round(minutes / EMULATED_MINUTES_BETWEEN_SYNCS)):
            due = time.monotonic() + EMULATED_MINUTES_BETWEEN_SYNCS * 60 / scale
            with _trouble(crm, dice):
                _sync(crm, source, warehouse, report, dice)
                destination.config["credentials"] = source.config["credentials"]
                pushed |= _push(crm, destination, warehouse, report, dice)
                source.config["credentials"] = destination.config["credentials"]
            time.sleep(max(0.0, due - time.monotonic()))  # the schedule of the platform
        _sync(crm, source, warehouse, report, None)
        _compare(crm, warehouse, pushed, report)
    return report


@contextmanager
def _trouble(crm: Emulator, dice: random.Random) -> Iterator[None]:
    """Records change and faults strike."""
    for kind in FAULTS:
        more = {"retry_after": "1"} if kind == "429" else {}
        crm.fault(kind, path="/crm/v2/", times=None, probability=SHARE_OF_FAULTS, seed=dice.random(), **more)
    crm.churn(edits_per_s=5, creates_per_s=2, lists=list(CHANGED), seed=dice.randrange(10**6))
    try:
        yield
    finally:
        crm.stop_churn()
        crm.clear_faults()


def _sync(crm: Emulator, source: Source, warehouse: Warehouse, report: Report, dice: random.Random | None) -> None:
    """One run of the source; without `dice` nothing stops it."""
    killed = dice is not None and dice.random() < SHARE_OF_KILLS
    point = _after(dice.randrange(1, 1_500)) if dice and killed else None
    run = source.read(*STREAMS, state=list(warehouse.states.values()) or None, kill_when=point, measured=not killed)
    warehouse.keep(run)
    report.syncs += 1
    report.kills += run.exit_code < 0
    if not killed:
        report.peaks.append(run.peak_bytes)
    _authorize(crm, source, run, report)
    if dice is None and run.exit_code:
        raise RuntimeError(run.log)


def _push(
    crm: Emulator, destination: Destination, warehouse: Warehouse, report: Report, dice: random.Random
) -> dict[str, str]:
    """New job titles for some contacts, and new contacts, sent until their STATEs come back; the titles by id."""
    known = sorted(warehouse.rows("contacts"))
    titles = {id_: f"Cargo {report.pushes}-{id_[-4:]}" for id_ in dice.sample(known, min(PUSHED_AT_ONCE, len(known)))}
    rows = [record("changed", _id=id_, job_title=title) for id_, title in titles.items()]
    rows += [state("changed", report.pushes)]
    rows += [record("new", name=f"Novo {mail}", email=mail) for mail in _new_mails(report.pushes)]
    rows += [state("new", report.pushes)]
    streams = [
        table("changed", ("_id", "job_title"), "update", "_id"),
        table("new", ("name", "email"), "append_dedup", "email"),
    ]
    report.pushes += 1
    while True:
        may_write = dice.randrange(1, len(rows)) if dice.random() < SHARE_OF_KILLS else None
        run = destination.write(streams, rows, kill_when=_after_writes(crm, may_write) if may_write else None)
        report.kills += run.exit_code < 0
        _authorize(crm, destination, run, report)
        if {each["stream"]["stream_descriptor"]["name"] for each in run.states} == {"changed", "new"}:
            return titles


def _new_mails(push: int) -> list[str]:
    return [f"novo-{push}-{number}@soak.test" for number in range(CREATED_AT_ONCE)]


def _after_writes(crm: Emulator, count: int) -> Callable[[], bool]:
    before = crm.writes()
    return lambda: crm.writes() >= before + count


def _authorize(crm: Emulator, connector: Source | Destination, run: Run, report: Report) -> None:
    """A run that was killed between a rotation and its CONTROL has lost the tokens: the user authorizes again."""
    if any("uthorize" in error["message"] for error in run.errors):
        report.authorized_again += 1
        connector.config["credentials"] = crm.authorize_again()["credentials"]


def _after(lines: int) -> Callable[[Line], bool]:
    seen = 0

    def when(_line: Line) -> bool:
        nonlocal seen
        seen += 1
        return seen >= lines

    return when


def _compare(crm: Emulator, warehouse: Warehouse, pushed: dict[str, str], report: Report) -> None:
    for stream in CHANGED:
        truth = {row["id"]: row for row in crm.truth(stream)}
        held = warehouse.rows(stream)
        report.missing[stream] = len(truth.keys() - held.keys())
        report.stale[stream] = sum(
            held[id_]["name"] != row["name"] or held[id_]["updated_at"] != row["updated_at"]
            for id_, row in truth.items()
            if id_ in held
        )
    contacts = crm.truth("contacts")
    emails = [email["email"] for row in contacts for email in row["emails"]]
    report.twice = {"contacts": len(emails) - len(set(emails))}
    expected = {mail for push in range(report.pushes) for mail in _new_mails(push)}
    report.missing["new contacts"] = len(expected - set(emails))
    titles = {row["id"]: row["job_title"] for row in contacts}
    # A later push or the account's own users may have given it another title since.
    later = ("Cargo", "Editado")
    report.pushed_wrong = sum(
        titles[id_] != title and not titles[id_].startswith(later) for id_, title in pushed.items()
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 if nothing was lost and nothing came twice."""
    parser = argparse.ArgumentParser(prog="soak", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=120.0, help="emulated minutes")
    parser.add_argument("--scale", type=float, default=20.0, help="emulated minutes in a minute")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    report = soak(chosen.minutes, chosen.scale, chosen.seed)
    print(report)  # noqa: T201 - stdout is its purpose
    print(f"memory of the later half beside the earlier: {report.growth:.2f}")  # noqa: T201
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
