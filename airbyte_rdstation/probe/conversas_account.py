"""An account of RD Station Conversas, as questions see it: lists, and pages of history with what encrypts them."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from typing import Any, Final

from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from airbyte_rdstation.probe.caller import Answer, Caller, CannotTellError

__all__ = ["QUARTER", "QUARTERS", "ConversasStreamFactory", "Sealed", "listed", "today", "window"]

Row = dict[str, Any]

_VISITS: Final = 8
_PARTS: Final = 5
_HISTORY_DAYS: Final = 400
QUARTER: Final = 89
QUARTERS: Final = 5
_EVERYTHING: Final[dict[str, str]] = {"channel": "whatsapp", "limit": "100"}
_ENCS: Final = ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"]
_ENVELOPES: Final = ("messages", "data", "payload", "encrypted", "result")


class Sealed:
    """A page of history as it came: the place of its JWE, its header, and what is inside if the key opens it."""

    def __init__(self, answer: Answer, key: JWK | None) -> None:
        self.place, text = _jwe_in(answer)
        self.token = JWE(algs=["RSA-OAEP-256", "RSA-OAEP", *_ENCS])
        self.header: dict[str, Any] = {}
        self.plaintext: bytes | None = None
        if text is None:
            return
        self.token.deserialize(text)
        self.header = json.loads(self.token.objects["protected"])
        if key is not None:
            try:
                self.token.decrypt(key)
                self.plaintext = self.token.payload
            except JWException:
                self.plaintext = None


class ConversasStreamFactory:
    """Reads one account."""

    def __init__(self, caller: Caller, private_key: str, start_date: str) -> None:
        self.caller = caller
        self._private_key = private_key
        self._start_date = start_date or str(today() - timedelta(days=_HISTORY_DAYS))

    def get(self, path: str, **params: str) -> Answer:
        """The answer, as it comes."""
        return self.caller.get(path, params)

    def contacts(self, page: int = 1, limit: int = 100) -> Answer:
        """A page of contacts."""
        return self.get("/v2/customers", page=str(page), limit=str(limit))

    @cached_property
    def reports(self) -> list[Row]:
        """Some attendances of the last year, the latest first; CannotTellError where there is none."""
        for quarter in range(QUARTERS):
            answer = self.get("/v4/reports", page="1", limit="49", **window(QUARTER, until=quarter * QUARTER))
            if rows := listed(answer, "docs", "reports"):
                return rows
        raise CannotTellError("no attendance was opened in a year")

    @cached_property
    def first_contacts(self) -> list[Row]:
        """The first page; CannotTellError where there is none."""
        answer = self.contacts()
        rows = listed(answer, "customers")
        if not rows:
            raise CannotTellError("the account has no contact")
        return rows

    def history(self, contact: Row, page: int = 1, **more: str) -> Answer:
        """A page of a contact's messages since the configuration's `start_date`, or of 400 days."""
        asked = {**_EVERYTHING, "customer_id": str(contact.get("_id") or contact.get("id")), "page": str(page)}
        return self.get(
            "/v2/messages/history", **{**asked, "start_date": self._start_date, "end_date": str(today()), **more}
        )

    @cached_property
    def sealed(self) -> list[Sealed]:
        """First pages of some contacts that have messages; CannotTellError where none of them has."""
        found = []
        for contact in self.first_contacts[:_VISITS]:
            answer = self.history(contact)
            if answer.status in (401, 402, 403):
                raise CannotTellError(f"the plan has no history ({answer.status})")
            if answer.ok:
                found.append(Sealed(answer, self.key))
        if not any(page.header for page in found):
            raise CannotTellError(f"the history of {len(found)} contacts holds nothing encrypted")
        return [page for page in found if page.header]

    @cached_property
    def key(self) -> JWK | None:
        """The private key of the configuration, where it is a JWK."""
        try:
            return JWK.from_json(self._private_key.strip())
        except (JWException, ValueError):
            return None

    def plaintexts(self) -> list[bytes]:
        """What the key opens; CannotTellError where it opens nothing."""
        found = [page.plaintext for page in self.sealed if page.plaintext and page.plaintext != b"[]"]
        if not found:
            raise CannotTellError("the key opens no page, or the configuration has none")
        return found


def today() -> date:
    """The day in UTC."""
    return datetime.now(timezone.utc).date()


def listed(answer: Answer, *names: str) -> list[Row]:
    """The list under one of these names, or under one that any list may have."""
    return answer.rows(*names, "data", "docs", "items", "results")


def window(days: int, until: int = 0) -> dict[str, str]:
    """So many days, the last of them today, or so many days before."""
    last = today() - timedelta(days=until)
    return {"start_date": str(last - timedelta(days=days - 1)), "end_date": str(last)}


def _jwe_in(answer: Answer) -> tuple[str, str | None]:
    """Where the encrypted text stands, in the words of the emulator's `desk_history_envelope`, and the text."""
    body = answer.body
    text = answer.content.decode("utf-8", "replace").strip()
    if body is None and text.count(".") == _PARTS - 1:
        return "body_text", text
    if isinstance(body, str):
        return ("body_string", body) if body.count(".") == _PARTS - 1 else ("plain", None)
    if isinstance(body, dict):
        for name in _ENVELOPES:
            value = body.get(name)
            if isinstance(value, str) and value.count(".") == _PARTS - 1:
                return name, value
            if isinstance(value, list):
                return "plain", None
    return "empty", None
