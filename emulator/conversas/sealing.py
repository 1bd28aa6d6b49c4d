"""The account's keys, made for each run, and pages encrypted for them as compact JWE (conversas.md#key-and-jwe)."""

from __future__ import annotations

import importlib
from copy import copy
from functools import cached_property, lru_cache
from typing import Any

import orjson

__all__ = ["ENCRYPTIONS", "Keys", "make_keys"]

ENCRYPTIONS = ("A128CBC-HS256", "A256GCM", "A128GCM", "A192GCM", "A192CBC-HS384", "A256CBC-HS512")


class Keys:
    """The key of now, and the one that a click on "Gerar Chave" replaced."""

    @cached_property
    def current(self) -> dict[str, str]:
        """A private JWK, as the panel shows it."""
        return _generated("current")

    @cached_property
    def old(self) -> dict[str, str]:
        """Likewise."""
        return _generated("old")

    @property
    def made(self) -> list[dict[str, str]]:
        """Those that somebody has asked for: they are made then, which takes a tenth of a second each."""
        return [vars(self)[name] for name in ("current", "old") if name in vars(self)]

    def sealed(self, raw: bytes, enc: str, alg: str, *, old: bool) -> str:
        """Compact JWE; header order as the documented library writes it [test]."""
        key = self.old if old else self.current
        header = orjson.dumps({"enc": enc, "alg": alg, "kid": key["kid"]}).decode()
        jwe = copy(_blank())  # a new one copies the library's registry of headers, which takes longer than the rest
        jwe.objects, jwe.plaintext = {"protected": header}, raw
        jwe.add_recipient(_public(key["n"]))
        return str(jwe.serialize(compact=True))


def make_keys() -> None:
    """Make the keys of all accounts of this process and of those that will be forked from it."""
    _generated("current")
    _generated("old")


def _library(part: str) -> Any:
    # On first use: it takes 70 ms to import, and the tests of the CRM need no encryption.
    return importlib.import_module(f"jwcrypto.{part}")


@lru_cache  # a process has one account; those that tests fork from one process share what `make_keys` made
def _generated(_: str) -> dict[str, str]:
    key = _library("jwk").JWK.generate(kty="RSA", size=2048)
    parts = key.export(as_dict=True)
    head = {"kty": "RSA", "kid": key.thumbprint(), "use": "enc", "alg": "RSA-OAEP-256"}
    return {**head, **{name: parts[name] for name in ("e", "n", "d", "p", "q", "dp", "dq", "qi")}}


@lru_cache
def _blank() -> Any:
    return _library("jwe").JWE()


@lru_cache
def _public(modulus: str) -> Any:
    # Without `alg`, so that RSA-OAEP works, too.
    return _library("jwk").JWK(kty="RSA", n=modulus, e="AQAB")
