"""The control plane, `/_emulator/…`: what tests set and read. Neither counted nor logged, without authentication.

What concerns records and tokens of an API lies in that API's `control_routes`; its routes are handed in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .churn import Churn, ChurnPlan
from .clock import Clock
from .data.changes import Changes
from .faults import FaultPlan, WrongFaultError
from .request_log import RequestLog
from .settings import FORM, Settings, WrongSettingError

__all__ = ["ROOT", "Control", "Handler", "Handlers"]

ROOT = "/_emulator"

Handler: TypeAlias = Callable[..., Any]
"""Gets the JSON body (a dict), the query, and the path's parameters as keywords; returns what is sent as JSON."""
Handlers: TypeAlias = Mapping[tuple[str, str], Handler]
"""(method, path below the root as Starlette writes it) -> handler."""


class Control:
    """The routes of the control plane; a wrong call answers 400 with a sentence."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        log: RequestLog,
        faults: FaultPlan,
        churn: Churn,
        changes: Changes,
        routes_of_apis: Handlers,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._log = log
        self._faults = faults
        self._churn = churn
        self._changes = changes
        own: Handlers = {
            ("GET", "/settings"): lambda _body, _query: settings.as_dict(),
            ("PATCH", "/settings"): self._change_settings,
            ("GET", "/faults"): lambda _body, _query: faults.as_list(),
            ("POST", "/faults"): lambda body, _query: faults.add(body).as_dict(),
            ("DELETE", "/faults"): lambda _body, _query: faults.clear(),
            ("GET", "/churn"): lambda _body, _query: self._churn_report(),
            ("POST", "/churn"): self._start_churn,
            ("DELETE", "/churn"): self._stop_churn,
            ("GET", "/requests"): lambda _body, _query: log.as_list(),
            ("GET", "/requests/writes"): lambda _body, _query: log.writes(),
            ("DELETE", "/requests"): lambda _body, _query: log.clear(),
            ("POST", "/clock"): self._advance,
        }
        self.routes = [
            Route(path, _endpoint(handler), methods=[method])
            for (method, path), handler in {**own, **routes_of_apis}.items()
        ]

    def _change_settings(self, body: dict[str, object], _query: object) -> dict[str, object]:
        before = self._settings.as_dict()
        self._settings.change(body)
        after = self._settings.as_dict()
        if any(before[name] != after[name] for name in FORM):
            for collection in self._changes.account.collections():
                collection.forget_wire()
        return after

    def _churn_report(self) -> dict[str, object]:
        return {"running": self._churn.running, **self._changes.log}

    def _start_churn(self, body: dict[str, Any], _query: object) -> dict[str, object]:
        lists = tuple(body.pop("lists", ChurnPlan().lists))
        unknown = set(lists) - set(self._changes.account.lists)
        if unknown:
            raise KeyError(f"no such top-level list: {sorted(unknown)[0]}")
        self._changes.clear_log()
        self._churn.start(ChurnPlan(lists=lists, **body))
        return self._churn_report()

    def _stop_churn(self, _body: object, _query: object) -> dict[str, object]:
        self._churn.stop()
        return self._churn_report()

    def _advance(self, body: dict[str, Any], _query: object) -> dict[str, int]:
        self._clock.advance(body["advance_s"])
        return {"now": self._clock.now()}


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        text = await request.body()
        try:
            body = orjson.loads(text) if text else {}
            status, payload = 200, handler(body, dict(request.query_params), **request.path_params)
        except (KeyError, TypeError, ValueError, WrongFaultError, WrongSettingError) as error:
            status, payload = 400, {"error": f"{type(error).__name__}: {error}"}
        return Response(orjson.dumps(payload), status, media_type="application/json")

    return endpoint
