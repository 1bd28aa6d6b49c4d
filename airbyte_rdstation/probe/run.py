"""The console script `rdstation-probe`: asks a real account, prints a table, writes a report."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from airbyte_rdstation import config_file
from airbyte_rdstation.client.errors import ConnectorError
from airbyte_rdstation.client.oauth import TokenOwner
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.session import BearerToken, QueryToken, Session
from airbyte_rdstation.config import BaseUrl, TokensPath
from airbyte_rdstation.probe.conversas_history import PAGE_QUESTIONS, AccountConversas
from airbyte_rdstation.probe.conversas_lists import FIGURE_QUESTIONS
from airbyte_rdstation.probe.conversas_lists import LIST_QUESTIONS as CONVERSAS_LIST_QUESTIONS
from airbyte_rdstation.probe.questions import Caller, Finding, answered, table
from airbyte_rdstation.probe.v1_questions import V1_QUESTIONS, AccountV1
from airbyte_rdstation.probe.v2_filters import FILTER_QUESTIONS, AccountV2
from airbyte_rdstation.probe.v2_reads import LIMIT_QUESTIONS, LIST_QUESTIONS
from airbyte_rdstation.probe.v2_records import RECORD_QUESTIONS
from airbyte_rdstation.probe.v2_writes import WRITE_QUESTIONS, Trial

__all__ = ["run"]

_BASE_URLS: Final = {
    "crm-v2": "https://api.rd.services",
    "crm-v1": "https://crm.rdstation.com",
    "conversas": "https://api.tallos.com.br",
}
_PER_MINUTE: Final = {"crm-v2": 120, "crm-v1": 120, "conversas": 45}
_REFUSED: Final = (401, 403)


class _InputError(Exception):
    """The configuration cannot be used; the text says why and quotes no value of it."""


@dataclass(frozen=True)
class _Connection:
    api: str
    caller: Caller
    findings: Iterator[Finding]
    trial: Trial | None = None


def run(args: Sequence[str] | None = None) -> None:
    """Ask what docs/api leaves open; exit with 1 and a sentence where the account cannot be asked."""
    options = _parser().parse_args(args)
    try:
        _probe(options)
    except (ConnectorError, _InputError, ValueError) as error:
        sys.exit(f"rdstation-probe: {error.message if isinstance(error, ConnectorError) else error}")
    except OSError as error:
        sys.exit(f"rdstation-probe: {error.filename}: {error.strerror or type(error).__name__}.")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rdstation-probe",
        description="Ask a real account of RD Station what its documents leave open, and print what that means for the "
        "connectors. It reads a few dozen pages in about two minutes. Neither the table nor the report holds anything "
        "of a record: statuses, counts, shapes, names of keys.",
    )
    parser.add_argument("--config", type=Path, required=True, metavar="PATH", help="the configuration of any connector")
    parser.add_argument(
        "--write",
        action="store_true",
        help="API v2: also create an organization, a contact and some deals, whose names say what they are, and change "
        "them; the API cannot delete them, you can",
    )
    parser.add_argument("--report", type=Path, metavar="PATH", help="also write the findings as JSON, for an issue")
    return parser


def _probe(options: argparse.Namespace) -> None:
    config = config_file.load(options.config)
    api = _api_of(config)
    if options.write and api != "crm-v2":
        raise _InputError("--write is for API v2; this configuration is of another API.")
    connection = _CONNECTIONS[api](config, options)
    print(f"Asking {api} at {connection.caller.base_url} ...", flush=True)
    findings = []
    for finding in connection.findings:
        findings.append(finding)
        print(f"  {len(findings):3} {finding.question}: {finding.seen}", flush=True)
    print(f"\n{table(findings)}\n")
    counts = {verdict: sum(one.verdict == verdict for one in findings) for verdict in _VERDICTS}
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()), end="")
    print(f", in {connection.caller.requests} requests.")
    if connection.trial is not None:
        _tell_what_to_delete(connection.trial)
    if options.report:
        report = {"api": api, "requests": connection.caller.requests, "findings": [one.as_json() for one in findings]}
        options.report.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        print(f"The report is in {options.report}: attach it to an issue.")


_VERDICTS: Final = ("confirmed", "refuted", "cannot tell here")


def _tell_what_to_delete(trial: Trial) -> None:
    if trial.created:
        paths = sorted({path for path in trial.created if "/" not in path})
        print(f"Created in {', '.join(paths)}: search RD Station CRM for “{trial.name}” and delete what it finds.")


def _api_of(config: dict[str, Any]) -> str:
    credentials = config.get("credentials")
    if isinstance(credentials, dict):
        return "crm-v1" if credentials.get("api_version") == "v1" else "crm-v2"
    if "access_token" in config:
        return "conversas"
    raise _InputError("The configuration has neither `credentials` (of the CRM) nor `access_token` (of Conversas).")


def _base_url(config: dict[str, Any], api: str) -> str:
    try:
        return TypeAdapter(BaseUrl).validate_python(config.get("api_base_url") or _BASE_URLS[api])
    except ValidationError as error:
        raise _InputError(f"`api_base_url` {error.errors()[0]['msg'].removeprefix('Value error, ')}.") from None


def _tokens_path(config: dict[str, Any]) -> str | None:
    try:
        return TypeAdapter(TokensPath).validate_python(config["tokens_path"]) if config.get("tokens_path") else None
    except ValidationError as error:
        raise _InputError(f"`tokens_path` {error.errors()[0]['msg'].removeprefix('Value error, ')}.") from None


def _texts(held: dict[str, Any], *names: str) -> dict[str, str]:
    """Return these texts, without what pasting adds."""
    missing = [name for name in names if not isinstance(held.get(name), str) or not held[name].strip()]
    if missing:
        raise _InputError(f"The configuration lacks {' and '.join(f'`{name}`' for name in missing)}.")
    return {name: held[name].strip() for name in names}


def _pace(config: dict[str, Any], api: str) -> RateLimit:
    wished = config.get("requests_per_minute")
    return RateLimit(wished if isinstance(wished, int) and wished > 0 else _PER_MINUTE[api])


def _insist(status: int) -> None:
    if status in _REFUSED:
        raise _InputError(f"RD Station refuses the credentials ({status}). Run the connector's check: it says more.")


def _of_v2(config: dict[str, Any], options: argparse.Namespace) -> _Connection:
    base_url, pace = _base_url(config, "crm-v2"), _pace(config, "crm-v2")
    config["credentials"].update(_texts(config["credentials"], "client_id", "client_secret", "refresh_token"))

    def keep(published: dict[str, Any]) -> None:
        config_file.save(options.config, published)

    tokens_path = _tokens_path(config)
    tokens = TokenOwner(config, f"{base_url}/oauth2/token", pace, tokens_path=tokens_path, publish=keep)
    caller = Caller(base_url, Session(pace, 1, tokens))
    account = AccountV2(caller, Caller(base_url, Session(pace, 1)), config["credentials"])
    _insist(account.page("pipelines").status)
    trial = Trial(account) if options.write else None
    return _Connection("crm-v2", caller, _v2_findings(account, trial), trial)


def _v2_findings(account: AccountV2, trial: Trial | None) -> Iterator[Finding]:
    yield from answered((*LIST_QUESTIONS, *RECORD_QUESTIONS, *FILTER_QUESTIONS), account)
    if trial is not None:
        yield from answered(WRITE_QUESTIONS, trial)
    yield from answered(LIMIT_QUESTIONS, account)


def _of_v1(config: dict[str, Any], options: argparse.Namespace) -> _Connection:
    token = _texts(config["credentials"], "access_token")["access_token"]
    caller = Caller(_base_url(config, "crm-v1"), Session(_pace(config, "crm-v1"), 1, QueryToken(token)))
    account = AccountV1(caller)
    _insist(account.get("token/check").status)
    return _Connection("crm-v1", caller, answered(V1_QUESTIONS, account))


def _of_conversas(config: dict[str, Any], options: argparse.Namespace) -> _Connection:
    token = _texts(config, "access_token")["access_token"].removeprefix("Bearer ")
    caller = Caller(_base_url(config, "conversas"), Session(_pace(config, "conversas"), 1, BearerToken(token)))
    account = AccountConversas(
        caller, str(config.get("private_key_jwk") or ""), str(config.get("start_date") or "")[:10]
    )
    _insist(account.get("/v2/employees").status)
    return _Connection(
        "conversas", caller, answered((*CONVERSAS_LIST_QUESTIONS, *PAGE_QUESTIONS, *FIGURE_QUESTIONS), account)
    )


_CONNECTIONS: Final = {"crm-v2": _of_v2, "crm-v1": _of_v1, "conversas": _of_conversas}


if __name__ == "__main__":
    run()
