"""Who reads the contacts: the connector, and the alternatives with the environments they run in."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from benchmarks.report import ROOT

__all__ = ["BARE_LOOP", "OURS", "commands"]

OURS = "source-rdstation-crm"
BARE_LOOP = "bare loop (requests, orjson)"
ALTERNATIVES = ROOT / "benchmarks" / "alternatives"
ENVIRONMENTS = ROOT / ".venv-bench"
FASTER_THAN_ANY_SERVER = 600_000  # requests a minute

CONTACTS = {"name": "contacts", "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]}
CATALOG = {"streams": [{"stream": CONTACTS, "sync_mode": "full_refresh", "destination_sync_mode": "append"}]}


@contextmanager
def commands(base_url: str) -> Iterator[Mapping[str, Sequence[str]]]:
    """Each reader's command, by its name, for a server at `base_url`."""
    with TemporaryDirectory() as folder:
        config, catalog = Path(folder, "config.json"), Path(folder, "catalog.json")
        config.write_bytes(orjson.dumps(_config(base_url)))
        catalog.write_bytes(orjson.dumps(CATALOG))
        read = ["read", "--config", str(config), "--catalog", str(catalog)]
        yield {
            OURS: [str(Path(sys.executable).with_name(OURS)), *read],
            BARE_LOOP: [*_python("bare", "bare_loop.py"), base_url],
            "dlt, rest_api source": [*_python("dlt", "dlt_rest_api.py"), base_url],
            "Airbyte CDK, HttpStream": [*_python("cdk", "cdk_http_stream.py"), *read],
            "Airbyte CDK, declarative manifest": [
                str(ENVIRONMENTS / "cdk" / "bin" / "source-declarative-manifest"),
                *read,
                "--manifest-path",
                str(ALTERNATIVES / "manifest.yaml"),
            ],
            "Singer SDK tap": [*_python("singer", "singer_tap.py"), base_url],
        }


def _python(environment: str, program: str) -> list[str]:
    return [str(ENVIRONMENTS / environment / "bin" / "python"), str(ALTERNATIVES / program)]


def _config(base_url: str) -> Mapping[str, object]:
    credentials = dict.fromkeys(("client_id", "client_secret", "refresh_token", "access_token"), "invented")
    return {
        "credentials": {"api_version": "v2", **credentials, "token_expiry_date": "2099-01-01T00:00:00Z"},
        "api_base_url": base_url,
        "requests_per_minute": FASTER_THAN_ANY_SERVER,
    }
