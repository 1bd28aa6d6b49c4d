"""`Emulator`: the server as a subprocess, for tests. Everything a test sets or asks goes over the control plane.

with Emulator(size=AccountSize(contacts=25_000), settings={"wall": "empty"}, seed=1) as crm:
    read(crm.config())
    assert seen == crm.ids("contacts")
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Protocol

import orjson
import requests

from .conversas_calls import ConversasCalls
from .conversas_data.size import ConversasSize
from .data.account import AccountSize

__all__ = ["AccountSize", "ConversasSize", "Emulator"]

CONFIGURATIONS = ("v2", "v1", "destination", "conversas")  # a line on stdout for each
STOP_WITHIN_S = 10
CONTROL_TIMEOUT_S = 120  # the truth of 200,000 contacts takes a few seconds


class Process(Protocol):
    """What is used of a `subprocess.Popen`."""

    stdout: IO[bytes] | None

    def terminate(self) -> None:
        """Send SIGTERM."""

    def kill(self) -> None:
        """Send SIGKILL."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; raises subprocess.TimeoutExpired."""


def command(arguments: Sequence[str]) -> Process:
    """`python -m emulator` with these arguments, stdout a pipe."""
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-m", "emulator", *arguments], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )


class Emulator(ConversasCalls):
    """A context manager; the process, which `start` makes of the command's arguments, is stopped on exit, always."""

    def __init__(
        self,
        size: AccountSize | None = None,
        settings: Mapping[str, object] | None = None,
        seed: int = 1,
        conversas: ConversasSize | None = None,
        start: Callable[[Sequence[str]], Process] = command,
        *,
        recent: bool = False,
    ) -> None:
        self._start = start
        self._size = size or AccountSize()
        self._account = conversas or ConversasSize()
        self._changes = dict(settings or {})
        self._seed = seed
        self._recent = recent
        self._process: Process | None = None
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine is not for loopback
        self.base_url = ""

    def __enter__(self) -> Emulator:
        arguments = ["--quiet", "--port", "0", "--seed", str(self._seed), *(["--recent"] if self._recent else [])]
        for name, value in asdict(self._size).items():
            arguments += [f"--{name.replace('_', '-')}", str(value)]
        for name, value in asdict(self._account).items():
            arguments += [f"--conversas-{name.replace('_', '-')}", str(value)]
        for name, value in self._changes.items():
            plain = sorted(value) if isinstance(value, (set, frozenset)) else value
            arguments += ["--set", f"{name}={json.dumps(plain)}"]
        self._process = self._start(arguments)
        try:
            self._await_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    # --- configuration and tokens

    def config(self, api_version: Literal["v1", "v2"] = "v2", **overrides: Any) -> dict[str, Any]:
        """A configuration for source-rdstation-crm with tokens that work now; overrides replace top-level keys."""
        if api_version == "v1":
            credentials: dict[str, Any] = {"api_version": "v1", "access_token": self.v1_token()}
        else:
            credentials = self.oauth()["credentials"]
        return {"credentials": credentials, "api_base_url": self.base_url, **overrides}

    def v1_token(self) -> str:
        """The token of API v1; it never changes."""
        return str(self._control("GET", "/v1/token")["token"])

    def oauth(self) -> dict[str, Any]:
        """`access_tokens`, `refresh_tokens` (alive), `history` of refreshes, `credentials`."""
        return self._object("GET", "/oauth")

    def expire_access_tokens(self) -> None:
        """Every access token dies now."""
        self._control("POST", "/oauth/expire")

    def revoke_refresh_token(self) -> None:
        """Every refresh token dies now."""
        self._control("POST", "/oauth/revoke")

    def authorize_again(self) -> dict[str, Any]:
        """A new pair of tokens, as after the consent page; answers as `oauth`."""
        return self._object("POST", "/oauth/issue")

    def authorization_code(self) -> str:
        """A code for the authorization_code grant, alive for five minutes."""
        return str(self._control("POST", "/oauth/code")["code"])

    # --- records

    def truth(self, name: str, *, api: Literal["v1", "v2"] = "v2", visible: bool = False) -> Any:
        """The records as served now: a list, or lists by parent id: deal_notes, deal_products, deal_files, stages.

        Under v1, `name` is the list's path there, `deal_details`, or `deal_contacts` by deal id; deal_stages are by
        pipeline id. `visible` keeps what the token's user sees; wall and pages never matter.
        """
        return self._control("GET", _truth_path(name, api, visible=visible))

    def ids(self, name: str, *, api: Literal["v1", "v2"] = "v2", visible: bool = False) -> set[str]:
        """Their ids (team_id of teams; under v1 `_id` or `id`); of a child list, those of all parents."""
        found = self._control("GET", _truth_path(name, api, visible=visible, ids=True))
        return {id_ for ids in found.values() for id_ in ids} if isinstance(found, dict) else set(found)

    def create(
        self,
        name: str,
        record: Mapping[str, Any] | None = None,
        *,
        count: int = 1,
        at: str | None = None,
        parent: str = "",
    ) -> list[dict[str, Any]]:
        """One record with the given fields, or `count` invented ones sharing the instant `at`; the new records."""
        what: dict[str, Any] = {"count": count, "at": at} if record is None else {"record": dict(record)}
        body = {key: value for key, value in {**what, "parent": parent}.items() if value not in (None, "")}
        return self._listed("POST", f"/records/{name}", body, key="data")

    def edit(self, name: str, id_: str, /, **fields: Any) -> dict[str, Any]:
        """Change fields; `updated_at` becomes now unless given. The record after it."""
        return self._object("PATCH", f"/records/{name}/{id_}", fields, key="data")

    def delete(self, name: str, id_: str) -> None:
        """Delete a record, without a tombstone."""
        self._control("DELETE", f"/records/{name}/{id_}")

    def bulk_edit(
        self,
        name: str,
        *,
        ids: Iterable[str] | None = None,
        count: int = 0,
        at: str | None = None,
        spread: bool = False,
    ) -> list[str]:
        """Edit many rows at one instant (`spread`: over its second); their ids."""
        body: dict[str, Any] = {"list": name, "count": count, "spread": spread}
        body |= {} if ids is None else {"ids": list(ids)}
        body |= {} if at is None else {"at": at}
        return self._listed("POST", "/bulk_edit", body, key="ids")

    def churn(self, **plan: Any) -> dict[str, Any]:
        """Start changes: edits_per_s, creates_per_s, deletes_per_s, lists, seed. Clears the log of changes."""
        return self._object("POST", "/churn", plan)

    def stop_churn(self) -> dict[str, Any]:
        """End the changes; `created`, `edited` and `deleted` hold ids by list."""
        return self._object("DELETE", "/churn")

    def changes(self) -> dict[str, Any]:
        """The log of changes so far, as `stop_churn` gives it."""
        return self._object("GET", "/churn")

    # --- behaviour

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change switches; all of them, after it."""
        return self._object("PATCH", "/settings", changes)

    def fault(self, kind: str, **parameters: Any) -> dict[str, Any]:
        """Schedule a fault; `emulator.faults.Fault` names the kinds and parameters, `times=None` is for ever."""
        return self._object("POST", "/faults", {"kind": kind, **parameters})

    def faults(self) -> list[dict[str, Any]]:
        """Scheduled faults with their counts."""
        return self._listed("GET", "/faults")

    def clear_faults(self) -> None:
        """No faults any more."""
        self._control("DELETE", "/faults")

    def advance_clock(self, seconds: float) -> None:
        """Let time pass at once: for token lives and the rate limit."""
        self._control("POST", "/clock", {"advance_s": seconds})

    # --- what happened

    def requests(self) -> list[dict[str, Any]]:
        """The request log, oldest first."""
        return self._listed("GET", "/requests")

    def writes(self) -> int:
        """How many requests of the log may have changed the account; quick, for who waits for one."""
        return int(self._control("GET", "/requests/writes"))

    def clear_requests(self) -> None:
        """Empty the request log."""
        self._control("DELETE", "/requests")

    def _object(self, method: str, path: str, body: object = None, key: str = "") -> dict[str, Any]:
        found = self._control(method, path, body)
        chosen: dict[str, Any] = found[key] if key else found
        return chosen

    def _listed(self, method: str, path: str, body: object = None, key: str = "") -> list[Any]:
        found = self._control(method, path, body)
        chosen: list[Any] = found[key] if key else found
        return chosen

    def _control(self, method: str, path: str, body: object = None) -> Any:
        answer = self._session.request(method, f"{self.base_url}/_emulator{path}", json=body, timeout=CONTROL_TIMEOUT_S)
        if answer.status_code != 200:
            raise ValueError(f"{method} {path}: {answer.json()['error']}")
        return orjson.loads(answer.content)

    def _await_ready(self) -> None:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("the emulator was not started")
        line = self._process.stdout.readline().decode()  # ends when the server listens, or empty when it died
        if not line.startswith("ready on "):
            raise RuntimeError("the emulator did not start; its stderr says why")
        self.base_url = line.removeprefix("ready on ").strip()
        for _ in CONFIGURATIONS:
            self._process.stdout.readline()

    def _stop(self) -> None:
        self._session.close()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _truth_path(name: str, api: str, *, visible: bool = False, ids: bool = False) -> str:
    chosen = [key for key, wanted in (("visible", visible), ("ids", ids)) if wanted]
    return f"{'/v1' if api == 'v1' else ''}/truth/{name}?{'&'.join(f'{key}=1' for key in chosen)}"
