"""The process: rooms wired together, served by uvicorn on loopback, announced when listening, ended by a signal."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .apis import Apis
from .churn import Churn
from .clock import Clock
from .control import ROOT, Control
from .conversas import control_routes as conversas_routes
from .conversas.routes import BEGINNINGS, Conversas
from .conversas_data.size import ConversasSize
from .crm_v1 import control_routes as v1_routes
from .crm_v1.routes import PATH as V1_PATH
from .crm_v1.routes import CrmV1
from .crm_v2 import control_routes as v2_routes
from .crm_v2.routes import CrmV2
from .data.account import Account, AccountSize
from .data.changes import Changes
from .data.times import horizon
from .faults import FaultPlan
from .middleware import TRANSPORT, Middleware
from .request_log import RequestLog
from .settings import Settings

__all__ = ["run"]

Configurations = Mapping[str, Callable[[], dict[str, Any]]]
"""Whose each is, and what gives it without its base URL, as it is now; the first one goes to the ready file."""

HOST = "127.0.0.1"
KEEP_ALIVE_S = 75  # uvicorn's 5 s would close connections under clients that pause


def run(
    size: AccountSize,
    conversas: ConversasSize,
    seed: int,
    changes: Mapping[str, object],
    port: int,
    ready_file: Path | None,
    *,
    recent: bool,
    quiet: bool,
) -> None:
    """Serve until SIGTERM or SIGINT; port 0 means any free one, `recent` is as in `data.times.horizon`.

    Raises OSError where the port cannot be had.
    """
    settings = Settings()
    settings.change(changes)
    listener = _listener(port)
    app, configurations = build(size, conversas, seed, settings, recent=recent)
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    gc.freeze()  # the account lives as long as the process: the collector need not walk it
    asyncio.run(_Server(config, configurations, ready_file, quiet).serve(sockets=[listener]))


def _listener(port: int) -> socket.socket:
    # The protocol by name: asyncio switches Nagle's algorithm off only for sockets that say so. With it, an answer
    # written as head and body would wait 40 ms for the client's delayed ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


def build(
    size: AccountSize, conversas: ConversasSize, seed: int, settings: Settings, *, recent: bool
) -> tuple[Starlette, Configurations]:
    """The application, and what gives a configuration: of the CRM source (v2, v1), of the destination, of Conversas."""
    clock, log, faults = Clock(), RequestLog(), FaultPlan()
    until = horizon(clock.now(), recent=recent)
    changes = Changes(Account(size, seed, until), clock, settings)
    v1, v2 = CrmV1(changes, clock, settings), CrmV2(changes, clock, settings)
    behind_v1 = v1_routes.ControlRoutes(v1)
    behind_v2 = v2_routes.ControlRoutes(changes, v2.tokens, clock, settings)
    conversas_api = Conversas(conversas, seed, until, clock, settings)
    behind_conversas = conversas_routes.ControlRoutes(conversas_api, clock, settings)
    handlers = {**behind_v2.handlers(), **behind_v1.handlers(), **behind_conversas.handlers()}
    control = Control(settings, clock, log, faults, Churn(changes, clock), changes, handlers)
    middleware = Middleware(
        Apis({V1_PATH: v1, **dict.fromkeys(BEGINNINGS, conversas_api), "": v2}), settings, clock, log, faults
    )
    app = Starlette(routes=[Mount(ROOT, routes=control.routes), Mount("/", app=middleware)])

    def destination() -> dict[str, Any]:
        v2.tokens.issue()  # an authorization of its own
        credentials = {name: text for name, text in behind_v2.oauth()["credentials"].items() if name != "api_version"}
        return {"credentials": credentials, "mode": "contacts"}

    return app, {
        "source-rdstation-crm, API v2": lambda: {"credentials": behind_v2.oauth()["credentials"]},
        "source-rdstation-crm, API v1": lambda: {"credentials": behind_v1.credentials()},
        "destination-rdstation-crm": destination,
        "source-rdstation-conversas": lambda: behind_conversas.config(None, None),
    }


class _Protocol(HttpToolsProtocol):
    """Passes the connection on, for faults that break HTTP itself."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: dict[str, Any] = {TRANSPORT: self.transport}
        self.scope["extensions"] = extensions


class _Server(uvicorn.Server):
    """Announces itself, and takes signals as an ordinary end (uvicorn would raise them again when done)."""

    def __init__(
        self, config: uvicorn.Config, configurations: Configurations, ready_file: Path | None, quiet: bool
    ) -> None:
        super().__init__(config)
        self._configurations = configurations
        self._ready_file = ready_file
        self._quiet = quiet

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        port = sockets[0].getsockname()[1] if sockets else 0
        base = f"http://{HOST}:{port}"
        texts = {
            whose: orjson.dumps({**configuration(), "api_base_url": base}).decode()
            for whose, configuration in self._configurations.items()
        }
        if self._ready_file is not None:
            self._ready_file.write_text(next(iter(texts.values())) + "\n", encoding="utf-8")
        sys.stdout.write(f"ready on {base}\n")
        for whose, text in texts.items():
            sys.stdout.flush()
            if not self._quiet:
                sys.stderr.write(f"\nA configuration of {whose}:\n")
                sys.stderr.flush()
            sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """SIGTERM and SIGINT end the server at once, with exit code 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True
        self.force_exit = True  # stalled answers are not waited for
