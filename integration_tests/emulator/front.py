"""The front door of the APIs: every call is read, logged, perhaps hit by a fault, answered, and delivered."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, Protocol

from starlette.requests import Request

from .clock import Clock, http_date
from .delivery import Receive, Send, Wire, instead_of_answer, spoiled
from .exchange import Answer, Call
from .faults import Fault, FaultPlan
from .request_log import RequestLog
from .settings import Settings

__all__ = ["TRANSPORT", "Api", "Front"]

TRANSPORT = "emulator.transport"  # ASGI extension under which `server` passes the connection


class Api(Protocol):
    """What speaks an API."""

    def answer(self, call: Call) -> Answer:
        """The answer; never raises for anything a client can send."""


class Front:
    """An ASGI application below Starlette's router, which keeps the control plane apart."""

    def __init__(self, api: Api, settings: Settings, clock: Clock, log: RequestLog, faults: FaultPlan) -> None:
        self._api = api
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
            answer = await self._answer(call, fault)
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

    async def _answer(self, call: Call, fault: Fault | None) -> Answer | None:
        """The answer to deliver; None ends the connection without one."""
        if fault is None:
            return self._api.answer(call)
        if fault.kind == "stall":
            await asyncio.sleep(fault.seconds)
            return self._api.answer(call) if fault.then == "answer" else None
        if fault.kind == "reset":
            return None
        replaced = instead_of_answer(fault)
        if replaced is not None:
            return replaced
        answer = self._api.answer(call)
        if fault.kind == "drop_after_write":
            return None
        return spoiled(fault, answer)

    def _date(self) -> str:
        return http_date(self._clock.now())
