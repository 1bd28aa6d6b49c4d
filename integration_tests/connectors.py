"""The project's connectors as tests of all of them need them: a row each, with every way to configure it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.client import Emulator
from versions import CONVERSAS, V1, V2

__all__ = ["CONNECTORS", "ROOT", "Connector", "by_name"]

ROOT = Path(__file__).parents[1]
Configure = Callable[[Emulator], dict[str, Any]]


def wrong_secret(crm: Emulator) -> dict[str, Any]:
    """A configuration for API v2 with a client secret that is not the application's."""
    config = crm.config("v2")
    del config["credentials"]["access_token"]  # it would hide the secret
    config["credentials"]["client_secret"] = "not-the-secret"
    return config


@dataclass(frozen=True)
class Connector:
    """One connector: its console script, its folder and its image all carry its name."""

    name: str
    setups: Mapping[str, Configure]
    """Configurations that work with the given account, by what tells them apart; two of them."""
    refused: Configure
    """One that fits the spec, and that the account refuses."""
    hosts: frozenset[str]
    """Where it sends requests."""
    streams: frozenset[str] = frozenset()
    """Those of all setups together; a destination has none."""

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> Path:
        """Where its package, metadata and icon are."""
        return ROOT / self.name

    @property
    def is_source(self) -> bool:
        """A source, or else a destination."""
        return self.name.startswith("source-")

    @property
    def page(self) -> Path:
        """Its page for users, where the registry looks for it."""
        kind, _, name = self.name.partition("-")
        return ROOT / "docs" / "integrations" / f"{kind}s" / f"{name}.md"


def destination(crm: Emulator, mode: str) -> dict[str, Any]:
    """A configuration of the destination."""
    config = crm.config("v2", mode=mode)
    del config["credentials"]["api_version"]
    return config


CONNECTORS = (
    Connector(
        "source-rdstation-crm",
        {"v2": lambda crm: crm.config("v2"), "v1": lambda crm: crm.config("v1")},
        wrong_secret,
        frozenset({"api.rd.services", "crm.rdstation.com"}),
        frozenset({*V1.streams, *V2.streams}),
    ),
    Connector(
        "source-rdstation-conversas",
        {
            "key": lambda crm: crm.conversas_config(start_date="2026-08-01"),
            "key-set": lambda crm: crm.conversas_config(
                start_date="2026-08-01", private_key_jwk=json.dumps(crm.conversas_keys()["jwks"])
            ),
        },
        lambda crm: crm.conversas_config(access_token="not.the.token"),
        frozenset({"api.tallos.com.br"}),
        frozenset(CONVERSAS.streams),
    ),
    Connector(
        "destination-rdstation-crm",
        {"contacts": lambda crm: destination(crm, "contacts"), "deals": lambda crm: destination(crm, "deals")},
        lambda crm: {**wrong_secret(crm), "mode": "contacts"},
        frozenset({"api.rd.services"}),
    ),
)


def by_name(name: str) -> Connector:
    """The connector of that name."""
    return next(connector for connector in CONNECTORS if connector.name == name)
