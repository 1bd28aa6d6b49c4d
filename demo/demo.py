"""The story `make demo` tells: an account appears, is read, changes, and is read again for what the changes cost.

Once over each version of the API.
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

from demo.acts import ACTS, Act
from emulator.client import AccountSize, Emulator
from rdstation import config_file

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "demo" / ".work"
SYNC = (str(ROOT / ".venv-demo" / "bin" / "python"), "-m", "demo.sync")

SIZE = AccountSize(contacts=3_000, deals=300, organizations=400, tasks=500)
SCALE = 20  # time runs this much faster: RD Station allows 2 requests a second and takes about one for an answer
LIMIT = 120  # requests a minute, RD Station's own
LATENCY_SECONDS = 1.0


@dataclass(frozen=True)
class Sync:
    """What one sync did, as the connector's runner and the emulator saw it."""

    report: Mapping[str, Any]
    requests: Counter[str]
    refused: int


def main() -> int:
    """Run the demo; returns the exit code: 0 only if everything in the account arrived, twice."""
    WORK.mkdir(mode=0o700, exist_ok=True)
    settings = {"rate_limit_requests": LIMIT, "rate_limit_window_s": 60 / SCALE, "latency_s": LATENCY_SECONDS / SCALE}
    with Emulator(size=SIZE, settings=settings) as crm:
        print(f"An emulated RD Station account, {SCALE} times faster than the real one: at most {LIMIT} requests in")
        print(f"{60 / SCALE:g} s instead of a minute, {LATENCY_SECONDS / SCALE * 1000:g} ms instead of 1 s an answer.")
        return max(_play(act, crm) for act in ACTS)


def _play(act: Act, crm: Emulator) -> int:
    for old in (act.database, Path(f"{act.database}.wal")):
        old.unlink(missing_ok=True)
    config = WORK / f"{act.name}.json"
    config_file.save(config, {**act.config(crm), "requests_per_minute": LIMIT * SCALE})

    print(f"\n==== {act.title}")
    print("\n== First sync: everything", flush=True)
    first = _sync(act, crm, config)
    print("\n== The account changes", flush=True)
    _change(crm)
    print("\n== Second sync: what changed", flush=True)
    second = _sync(act, crm, config)

    print(f"\n{'':16}{'first sync':^30}{'second sync':^30}")
    return _print_table(act, first, second, {name: act.rows(crm, name) for name in second.report["streams"]})


def _sync(act: Act, crm: Emulator, config: Path) -> Sync:
    report = WORK / "report.json"
    crm.clear_requests()
    if subprocess.run([*SYNC, str(config), "--db", str(act.database), "--report", str(report)], cwd=ROOT).returncode:
        sys.exit("The sync failed; its reason is above.")
    log = crm.requests()
    return Sync(
        report=json.loads(report.read_text(encoding="utf-8")),
        requests=Counter(act.stream_of(entry["path"]) for entry in log),
        refused=sum(entry["status"] == 429 for entry in log),
    )


def _change(crm: Emulator) -> None:
    edited = {name: len(crm.bulk_edit(name, count=count)) for name, count in (("deals", 12), ("contacts", 40))}
    created = {name: len(crm.create(name, count=count)) for name, count in (("contacts", 7), ("organizations", 3))}
    print("edited:  " + _counted(edited))
    print("created: " + _counted(created))


def _counted(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in numbers.items())


def _print_table(act: Act, first: Sync, second: Sync, account: Mapping[str, int]) -> int:
    print(f"{'stream':16}{'rows':>8} {'requests':>9} {'seconds':>9}    {'records':>8} {'requests':>9} {'rows':>8}")
    for name in sorted(account):
        before, after = first.report["streams"][name], second.report["streams"][name]
        print(
            f"{name:16}{before['rows']:>8,} {first.requests[name]:>9,} {before['seconds']:>9.1f}    "
            f"{after['records']:>8,} {second.requests[name]:>9,} {after['rows']:>8,}"
        )
    total = [sum(sync.requests.values()) for sync in (first, second)]
    seconds = [sync.report["seconds"] for sync in (first, second)]
    print(f"{'in all':16}{'':8} {total[0]:>9,} {seconds[0]:>9.1f}    {'':8} {total[1]:>9,}   in {seconds[1]:.1f} s")
    print("Requests are counted by endpoint: /deals is also read for what lies below a deal, and all of them include")
    print(f"check and discover. Answered 429: {first.refused + second.refused}.")
    return _print_verdict(act, account, second.report["streams"])


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
