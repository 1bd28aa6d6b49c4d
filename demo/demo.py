"""The story `make demo` tells: an account appears, is read, changes, and is read again for what the changes cost.

Once over each version of the CRM's API, once over that of Conversas. At the end a table goes back into the CRM,
and a page is drawn of the sales team's figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airbyte_rdstation import config_file
from demo.acts import ACTS, Act
from demo.push_back import push_back
from demo.report.__main__ import main as report
from emulator.client import AccountSize, Emulator
from emulator.conversas_data.size import ConversasSize

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "demo" / ".work"
REPORT = ROOT / "demo" / "report.html"
PYTHON = str(ROOT / ".venv-demo" / "bin" / "python")
SYNC, SHOW = (PYTHON, "-m", "demo.sync"), (PYTHON, "-m", "demo.show")

SIZE = AccountSize(contacts=3_000, deals=300, organizations=400, tasks=500)
CONVERSAS_ACCOUNT = ConversasSize(contacts=40, messages_per_contact=120, reports=200)
SCALE = 20  # time runs this much faster: RD Station allows 2 requests a second and takes about one for an answer
LIMIT = 120  # requests a minute, RD Station's own
CONVERSAS_LIMIT = 48  # what Conversas was seen to allow
LATENCY_SECONDS = 1.0
SETTINGS = {
    "rate_limit_requests": LIMIT,
    "rate_limit_window_s": 60 / SCALE,
    "conversas_bucket_per_minute": CONVERSAS_LIMIT * SCALE,
    "latency_s": LATENCY_SECONDS / SCALE,
}


@dataclass(frozen=True)
class Sync:
    """What one sync did, as the connector's runner and the emulator saw it."""

    report: Mapping[str, Any]
    requests: Counter[str]
    refused: int


def main() -> int:
    """Run the demo; returns the exit code: 0 only if everything in the account arrived, twice."""
    WORK.mkdir(mode=0o700, exist_ok=True)
    with Emulator(size=SIZE, conversas=CONVERSAS_ACCOUNT, settings=SETTINGS, recent=True) as crm:
        print(f"An emulated RD Station account, {SCALE} times faster than the real one: at most {LIMIT} requests (of")
        print(
            f"Conversas {CONVERSAS_LIMIT}) in {60 / SCALE:g} s instead of a minute, "
            f"{LATENCY_SECONDS / SCALE * 1000:g} ms instead of 1 s an answer."
        )
        verdicts = [_play(act, crm) for act in ACTS]
        verdicts.append(push_back(crm, ACTS[0].database, WORK / "destination.json", LIMIT * SCALE))
    print("\n==== The sales team's figures, from the three files", flush=True)
    verdicts.append(report([*(str(act.database) for act in ACTS), "--out", str(REPORT)]))
    return max(verdicts)


def _play(act: Act, crm: Emulator) -> int:
    for old in (act.database, Path(f"{act.database}.wal")):
        old.unlink(missing_ok=True)
    config = WORK / f"{act.name}.json"
    config_file.save(config, {**act.config(crm), "requests_per_minute": act.requests_per_minute * SCALE})

    print(f"\n==== {act.title}")
    print("\n== First sync: everything", flush=True)
    first = _sync(act, crm, config)
    print("\n== The account changes", flush=True)
    for done, numbers in act.change(crm).items():
        print(f"{done + ':':9}" + ", ".join(f"{number} {name}" for name, number in numbers.items()))
    print("\n== Second sync: what changed", flush=True)
    second = _sync(act, crm, config)

    account = {name: act.rows(crm, name) for name in second.report["streams"]}
    _print_table(act, first, second)
    if act.shows_messages:
        print("\nThe newest messages, as DuckDB has them:", flush=True)
        subprocess.run([*SHOW, str(act.database)], cwd=ROOT, check=True)
    return _print_verdict(act, account, second.report["streams"])


def _sync(act: Act, crm: Emulator, config: Path) -> Sync:
    report = WORK / "report.json"
    crm.clear_requests()
    command = [
        *SYNC,
        str(config),
        "--db",
        str(act.database),
        "--report",
        str(report),
        "--streams",
        ",".join(act.streams),
    ]
    if subprocess.run(command, cwd=ROOT).returncode:
        sys.exit("The sync failed; its reason is above.")
    log = crm.requests()
    return Sync(
        report=json.loads(report.read_text(encoding="utf-8")),
        requests=Counter(act.stream_of(entry["path"]) for entry in log),
        refused=sum(entry["status"] == 429 for entry in log),
    )


def _print_table(act: Act, first: Sync, second: Sync) -> None:
    names = sorted(second.report["streams"])
    wide = max(map(len, names)) + 1
    print(f"\n{'':{wide}}{'first sync':^30}{'second sync':^30}")
    print(f"{'stream':{wide}}{'rows':>8} {'requests':>9} {'seconds':>9}    {'records':>8} {'requests':>9} {'rows':>8}")
    for name in names:
        before, after = first.report["streams"][name], second.report["streams"][name]
        print(
            f"{name:{wide}}{before['rows']:>8,} {first.requests[name]:>9,} {before['seconds']:>9.1f}    "
            f"{after['records']:>8,} {second.requests[name]:>9,} {after['rows']:>8,}"
        )
    total = [sum(sync.requests.values()) for sync in (first, second)]
    seconds = [sync.report["seconds"] for sync in (first, second)]
    print(f"{'in all':{wide}}{'':8} {total[0]:>9,} {seconds[0]:>9.1f}    {'':8} {total[1]:>9,}   in {seconds[1]:.1f} s")
    print(f"{act.note} Answered 429: {first.refused + second.refused}.")


def _print_verdict(act: Act, account: Mapping[str, int], streams: Mapping[str, Mapping[str, Any]]) -> int:
    lost = [name for name in sorted(account) if streams[name]["rows"] != account[name]]
    if lost:
        print(f"\nNOT complete: {_differences(lost, account, streams)}", file=sys.stderr)
        return 1
    print(f"\nComplete: {act.database.relative_to(ROOT)} holds what the account holds.")
    return 0


def _differences(names: Iterable[str], account: Mapping[str, int], streams: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(f"{name} {streams[name]['rows']} of {account[name]}" for name in names)


if __name__ == "__main__":
    sys.exit(main())
