"""Runs of connectors whose runner keeps no CONTROL message, with `tokens_path`; and what the file holds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import destination
import prefork
from emulator.client import AccountSize, Emulator
from harness import account, catalog, launch
from output import Run

__all__ = ["SMALL", "change", "configuration", "hindered", "kept", "outcomes", "run", "shared_account", "write"]

SMALL = AccountSize(contacts=5, deals=5, organizations=3, tasks=3)


def shared_account() -> tuple[Any, Any]:
    """Make a module's fixtures `crm` and `path`: a small account, and where its tokens may be kept."""

    @pytest.fixture
    def crm() -> Iterator[Emulator]:
        with account(SMALL, latency_s=0.02) as running:
            yield running

    @pytest.fixture
    def path(tmp_path: Path) -> Path:
        return tmp_path / "tokens.json"

    return crm, path


def configuration(crm: Emulator, path: Path, **more: Any) -> dict[str, Any]:
    return crm.config(tokens_path=str(path), requests_per_minute=600_000, **more)


def run(command: str, config: dict[str, Any]) -> Run:
    """One command with this very configuration: the runner keeps no CONTROL message."""
    files: dict[str, Any] = {"config": config}
    if command == "read":
        files["catalog"] = catalog(["campaigns", "deals"])
    return launch(command, files)


def write(config: dict[str, Any]) -> Run:
    credentials = {name: value for name, value in config["credentials"].items() if name != "api_version"}
    config = {**config, "credentials": credentials, "mode": "contacts"}
    stream = {"streams": [destination.table("people", ["name"])]}
    row = orjson.dumps(destination.record("people", name="Nova Pessoa"))
    return destination.launch("write", {"config": config, "catalog": stream}, [row])


def outcomes(crm: Emulator) -> list[str]:
    return [refresh["outcome"] for refresh in crm.oauth()["history"]]


def kept(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_bytes())["rdstation_tokens"]
    return found


def change(path: Path, **fields: Any) -> None:
    (entry,) = kept(path)
    path.write_text(json.dumps({"rdstation_tokens": [{**entry, **fields}]}))


def hindered(
    config: dict[str, Any], folder: Path, *, kill_at: int = 0, longest: int = 0, count: bool = True
) -> subprocess.CompletedProcess[str]:
    given, lines = folder / "config.json", folder / "lines"
    given.write_bytes(orjson.dumps(config))
    numbers = [str(kill_at), str(lines) if count else "-", str(longest)]
    command = ["hindered", "source-rdstation-crm", *numbers, "check", "--config", str(given)]
    return prefork.call("hindered", "main", command)
