"""Invented keys, encrypted pages and messages for the unit tests, and the vendor's way of losing characters."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.pagination.listing import Query
from source_rdstation_conversas.envelopes import ContactPage
from source_rdstation_conversas.history.contact_messages import ContactMessages
from source_rdstation_conversas.history.private_keys import PrivateKeys

VECTORS = Path(__file__).parent / "vectors"
NODE_JOSE = VECTORS / "node_jose"
TEST_KEY = (NODE_JOSE / "TEST_ONLY_private_key.json").read_text(encoding="utf-8")
TEST_JWK: dict[str, str] = json.loads(TEST_KEY)


@cache
def another_jwk() -> dict[str, str]:
    key: dict[str, str] = JWK.generate(kty="RSA", size=2048, kid="another").export(as_dict=True)
    return key


@cache
def opened(keys: str = TEST_KEY) -> PrivateKeys:
    """Read once: that the numbers of a key fit together takes a twentieth of a second to see."""
    return PrivateKeys.read(keys)


def encrypted(plaintext: bytes, *, jwk: dict[str, str] = TEST_JWK, kid: str | None = None, **header: object) -> str:
    """A compact JWE; `header` overrides what RD Station is expected to send."""
    protected: dict[str, object] = {"enc": "A128CBC-HS256", "alg": "RSA-OAEP-256"}
    protected |= ({"kid": kid} if kid else {}) | header
    jwe = JWE(protected=json.dumps(protected))
    jwe.plaintext = plaintext
    jwe.add_recipient(JWK(kty="RSA", n=jwk["n"], e=jwk["e"]))
    text: str = jwe.serialize(compact=True)
    return text


def low_bytes(text: str) -> bytes:
    """What node-jose makes of a string: the low byte of each UTF-16 unit
    (docs/api/conversas.md#why-the-plaintext-is-damaged).
    """
    return text.encode("utf-16-le", "surrogatepass")[0::2]


def survivors(text: str) -> str:
    """The characters that are left of a text once it has gone through `low_bytes`."""
    return low_bytes(text).decode("latin-1").replace("\x00", "")


def message(content: object = "ok", created_at: str = "2026-08-01T12:00:00.000Z", **fields: object) -> dict[str, Any]:
    return {"sent_by": "customer", "content": content, "created_at": created_at, "status": "read", **fields}


class Pages:
    """Answers each request with the next of these pages, then with the end; keeps the numbers asked for."""

    def __init__(self, *pages: Sequence[dict[str, Any]]) -> None:
        self.due = list(pages)
        self.asked: list[int] = []

    def __call__(self, number: int) -> ContactPage:
        self.asked.append(number)
        return page_of(self.due.pop(0)) if self.due else ContactPage(is_end=True)


def page_of(rows: Sequence[dict[str, Any]]) -> ContactPage:
    """A decrypted page, unlike any other."""
    return ContactPage(rows=tuple(rows), likeness=object())


def records_of(pages: Pages, customer_id: str = "c1", *, most_doubts: int = 4) -> list[list[dict[str, Any]]]:
    """The records that each page brings."""
    return [records for _, records in ContactMessages(customer_id, most_doubts=most_doubts).read(pages)]


class Growing:
    """A list that shows a row more on each request, and counts one more than it shows."""

    def __init__(self, row: Callable[[int], Row]) -> None:
        """`row` makes the row of a number, from 0."""
        self._row = row
        self._shown = 0

    def __call__(self, query: Query) -> Page:
        """The page; behind the first one there is none."""
        self._shown += 1
        if query.page > 1:
            return Page([], has_next=More.NO, total=self._shown + 1)
        return Page([self._row(number) for number in range(self._shown)], has_next=More.YES, total=self._shown + 1)
