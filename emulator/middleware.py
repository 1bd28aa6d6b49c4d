"""Middleware before the APIs: every call is read, logged, perhaps hit by a fault, answered, and delivered."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette.requests import Request

from .apis import Apis
from .clock import Clock, http_date
from .delivery import Receive, Send, Wire, instead_of_answer, spoiled
from .exchange import Answer, Api, Call
from .faults import Fault, FaultPlan
from .request_log import RequestLog
from .settings import Settings

__all__ = ["TRANSPORT", "Middleware"]

TRANSPORT = "emulator.transport"  # ASGI extension under which `server` passes the connection


class Middleware:
    """An ASGI application below Starlette's router, which keeps the control plane apart."""

    def __init__(self, apis: Apis, settings: Settings, clock: Clock, log: RequestLog, faults: FaultPlan) -> None:
        self._apis = apis
        self._settings = settings
        self._clock = clock
        self._log = log
        self._faults = faults

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One HTTP exchange."""
        body = await Request(scope, receive).body()
        await self._serve(Call.from_scope(scope, body), Wire(send, receive, scope["extensions"][TRANSPORT]))

    async def _serve(self, call: Call, wire: Wire) -> None:
        entry = self._log.arrive(call)
        fault = self._faults.pick(call)
        entry.fault = fault.kind if fault else None
        answer: Answer | None = None
        try:
            answer = await self._answer(call, fault, self._apis.of(call))
            if answer is not None:
                # The data are those of the arrival; they travel for a while.
                await asyncio.sleep(self._settings.latency_s)
                entry.status, entry.rows = answer.status, answer.rows
            if answer is None or answer.lost:
                answer = None
                await wire.reset()
            elif fault and fault.kind == "truncate":
                await wire.truncate(answer, self._date())
            else:
                await wire.deliver(answer, self._date())
        finally:
            self._log.depart(entry, answer.status if answer else None, answer.rows if answer else None)

    async def _answer(self, call: Call, fault: Fault | None, api: Api) -> Answer | None:
        """The answer to deliver; None ends the connection without one."""
        if fault is None:
            return api.answer(call)
        if fault.kind == "stall":
            await asyncio.sleep(fault.seconds)
            return api.answer(call) if fault.then == "answer" else None
        if fault.kind == "reset":
            return None
        replaced = instead_of_answer(fault, api)
        if replaced is not None:
            return replaced
        answer = api.answer(call)
        if fault.kind == "drop_after_write":
            return None
        return spoiled(fault, answer, api.records_key(call))

    def _date(self) -> str:
        return http_date(self._clock.now())
