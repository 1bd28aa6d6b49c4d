"""Answers on their way to the client: whole ones go through ASGI, broken ones through the transport."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from .exchange import HTML, JSON, Answer, Api
from .faults import Fault

__all__ = ["Wire", "instead_of_answer", "spoiled"]

STATUS_KINDS = {"429", "500", "502", "503", "504", "400", "401", "404", "422"}
STATUS_TEXT = {
    400: "Bad Request",
    401: "The access token is invalid or has expired",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "API rate limit exceeded",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


def instead_of_answer(fault: Fault, api: Api) -> Answer | None:
    """The answer of faults that keep the call from being carried out; None for all others."""
    if fault.kind in STATUS_KINDS:
        return _status(fault, api)
    if fault.kind == "html_200":
        return Answer(200, b"<html><body><h1>Em breve</h1></body></html>", content_type=HTML)
    if fault.kind == "redirect":
        return Answer(302, headers={"Location": fault.location})
    return None


def _status(fault: Fault, api: Api) -> Answer:
    status = int(fault.kind)
    text = STATUS_TEXT[status]
    if fault.body == "html":
        answer = Answer(status, f"<html><head><title>{status} {text}</title></head></html>".encode(), content_type=HTML)
    else:
        answer = api.failure(status, text)
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = fault.retry_after
    return answer


def spoiled(fault: Fault, answer: Answer, key: str | None) -> Answer:
    """The answer after faults that change its content; its records lie under `key`, or are the body (None)."""
    if fault.kind == "repeat_page":
        fault.kept = fault.kept or answer
        return fault.kept
    if fault.kind not in ("object_for_list", "list_for_object", "data_null", "missing_id") or answer.status >= 300:
        return answer
    if answer.content_type != JSON or not answer.body:
        return answer
    envelope = orjson.loads(answer.body)
    if key is not None and key not in envelope:  # the token endpoint has no envelope to spoil
        return answer
    data = envelope if key is None else envelope[key]
    first = data[0] if isinstance(data, list) and data else data
    if fault.kind == "object_for_list":
        data = first
    elif fault.kind == "list_for_object":
        data = [data]
    elif fault.kind == "data_null":
        data = None
    elif isinstance(first, dict):
        first.pop("id", None)
        first.pop("_id", None)
    body = data if key is None else {**envelope, key: data}
    return Answer(answer.status, orjson.dumps(body), headers=answer.headers, rows=answer.rows)


class Wire:
    """One connection, for the duration of one answer."""

    def __init__(self, send: Send, receive: Receive, transport: asyncio.Transport) -> None:
        self._send = send
        self._receive = receive
        self._transport = transport

    async def deliver(self, answer: Answer, date: str) -> None:
        """The whole answer."""
        await self._start(answer, date, len(answer.body))
        await self._send({"type": "http.response.body", "body": answer.body})

    async def truncate(self, answer: Answer, date: str) -> None:
        """Headers that promise the body, half of the body, end of the connection."""
        await self._start(answer, date, max(len(answer.body), 2))
        await self._send(
            {"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True}
        )
        self._transport.close()  # what is buffered still goes out
        await self._gone()

    async def reset(self) -> None:
        """End the connection with a TCP reset: the client sees an error, not an empty answer."""
        if not self._transport.is_closing():  # the client may have given up first
            raw: socket.socket = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        await self._gone()

    async def _start(self, answer: Answer, date: str, length: int) -> None:
        headers = {"Content-Type": answer.content_type, "Content-Length": str(length), "Date": date, **answer.headers}
        if answer.status == 204:
            del headers["Content-Length"]
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": raw})

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
