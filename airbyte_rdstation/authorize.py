"""Holds the conversation of the console script `rdstation-authorize` at a terminal; only this module here prints.

The code travels in the address of the redirect, which the user pastes: RD Station insists on https callbacks, so that
no server of this computer could receive it. Facts: docs/api/crm-v2.md#authorization.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from pydantic import TypeAdapter, ValidationError

from airbyte_rdstation import config_file
from airbyte_rdstation.client.errors import ConnectorError
from airbyte_rdstation.client.token_endpoint import Application, exchange
from airbyte_rdstation.client.tokens_file import TokensFile
from airbyte_rdstation.config import BaseUrl

__all__ = ["InputError", "code_of", "command", "consent_url", "redirect_uri_of", "run"]

_API: Final = "https://api.rd.services"
_ACCOUNTS: Final = "https://accounts.rdstation.com"
_BARE_CODE: Final = re.compile(r"[A-Za-z0-9._~+/-]{8,}={0,2}")  # what the code looks like is not documented


@dataclass(frozen=True)
class _Connector:
    name: str
    credentials: Mapping[str, str]
    settings: Mapping[str, str]
    """What its configuration needs beside the credentials, to be changed by hand."""
    task: str
    """What runs it in a checkout, and keeps its tokens."""


_CONNECTORS: Final = {
    "source": _Connector("source-rdstation-crm", {"api_version": "v2"}, {}, "make sync"),
    "destination": _Connector("destination-rdstation-crm", {}, {"mode": "contacts"}, "make push"),
}


class InputError(ValueError):
    """What was asked for or pasted cannot be used; the text says why, and quotes nothing that was pasted."""


def run(args: Sequence[str] | None = None) -> None:
    """Authorize a connection and write its configuration; exit with 1 and a sentence where that fails."""
    options = _parser().parse_args(args)
    try:
        _authorize(options)
    except (ConnectorError, InputError) as error:
        sys.exit(f"rdstation-authorize: {error}")
    except EOFError:
        sys.exit("rdstation-authorize: The input ended before everything was answered.")
    except OSError as error:
        sys.exit(f"rdstation-authorize: {options.output} cannot be written: {error.strerror or type(error).__name__}.")
    except KeyboardInterrupt:
        sys.exit(130)


def _authorize(options: argparse.Namespace) -> None:
    connector = _CONNECTORS[options.connector]
    output = options.output or Path("secrets", f"{connector.name}.json")
    options.output = output
    api = _base_url(options.api_base_url, "--api-base-url") if options.api_base_url else _API
    accounts = _accounts_of(options, api)
    tokens_path = _tokens_path(options.tokens_path, output)
    _prepare(output, options.force)

    application = _application(options.client_id, options.redirect_uri)
    state = secrets.token_urlsafe(24)
    print(f"\nOpen this address in a browser, as the user whose data {connector.name} may use:\n")
    print(f"  {consent_url(accounts, application.client_id, application.redirect_uri, state)}\n")
    print("After your consent the browser goes to the callback URL; that page may well not exist. Its address matters:")
    print("copy it whole from the address bar. The code in it lives for 5 minutes and works once.\n")
    tokens = exchange(application, code_of(input("Address after the consent: "), state), api)

    more = {"api_base_url": api if options.api_base_url else "", "tokens_path": str(tokens_path or "")}
    config = _config(connector, application, tokens, more)
    try:
        config_file.save(output, config, replace=options.force)
    except FileExistsError:
        raise InputError(f"{output} has appeared meanwhile and was left as it is. Begin again.") from None
    print(f"\nWrote {output}, readable by you alone: a configuration for {connector.name}. Try it:\n")
    print(f"  {command(connector.name)} check --config {shlex.quote(str(output))}\n")
    _tell_who_keeps_the_tokens(connector, tokens_path)


def command(name: str) -> str:
    """Return the connector's command as this terminal can call it: a checkout's environment is seldom activated."""
    beside = Path(sys.executable).with_name(name)
    if shutil.which(name) or not beside.exists():
        return name
    return shlex.quote(str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside))


def _tell_who_keeps_the_tokens(connector: _Connector, tokens_path: Path | None) -> None:
    if tokens_path:
        print(f"The newest tokens are kept in {tokens_path}: whatever runs the connector, none is lost.")
        print("Every connection of this account on this machine may have a copy of the configuration, with that path.")
        return
    print(
        "The refresh token in it works once. Each run that renews it prints the new one as a CONTROL message: keep it,"
    )
    print(f"or let Airbyte or `{connector.task}` keep it for you, or the connector itself (--tokens-path).")
    print("Give the file to one connection only.")


def redirect_uri_of(text: str) -> str:
    """Return the redirect URI without the blanks around it. Raises InputError if RD Station would not take it."""
    uri = text.strip()
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InputError("The callback URL is no valid address.") from None
    if parts.scheme != "https" or not host or parts.fragment:
        raise InputError("The callback URL must be an https:// address, the one registered with your application.")
    return uri


def consent_url(accounts_base_url: str, client_id: str, redirect_uri: str, state: str) -> str:
    """Return the address at which the user lets the application in: `…/oauth/authorize?response_type=code&…`."""
    return str(prepare_grant_uri(f"{accounts_base_url}/oauth/authorize", client_id, "code", redirect_uri, state=state))


def code_of(pasted: str, state: str) -> str:
    """Return the authorization code in a pasted `https://…?code=…&state=…`, or the code alone.

    Raises InputError if there is none.
    """
    text = pasted.strip().strip("'\"<>")
    if _BARE_CODE.fullmatch(text) and "://" not in text:
        return text
    try:
        found = parse_qs(urlsplit(text if "?" in text else f"?{text}").query)
    except ValueError:
        found = {}
    if "error" in found:
        raise InputError(_refusal(found["error"][0]))
    if "code" not in found:
        raise InputError(
            "There is no code in what you pasted. Paste the whole address to which RD Station sent the browser; it "
            "contains code=…"
        )
    # No state at all is accepted: whether RD Station hands it back is not documented.
    if found.get("state", [state]) != [state]:
        raise InputError("This address belongs to another attempt (its state differs). Use the link above.")
    return found["code"][0]


def _refusal(error: str) -> str:
    if error == "access_denied":
        return "RD Station says that access was denied. Open the link again and allow it, or ask an administrator to."
    return (
        "RD Station refused to give a code. Check client ID and callback URL against your application, and try again."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rdstation-authorize",
        description="Authorize a connection to RD Station CRM (API v2) and write its configuration.",
        epilog="The client secret is asked for, or taken from RDSTATION_CLIENT_SECRET: never from the command line, "
        "which shells remember. RDSTATION_CLIENT_ID and RDSTATION_REDIRECT_URI are taken, too.",
    )
    parser.add_argument(
        "--for", dest="connector", choices=list(_CONNECTORS), default="source", help="which connector (default: source)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="PATH", help="the file to write (default: secrets/<connector>.json)"
    )
    parser.add_argument(
        "--tokens-path",
        type=Path,
        metavar="PATH",
        help="a file in which the connector itself keeps the newest tokens, for runners that do not store them",
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    parser.add_argument("--client-id", default=os.environ.get("RDSTATION_CLIENT_ID"), metavar="ID")
    parser.add_argument(
        "--redirect-uri",
        default=os.environ.get("RDSTATION_REDIRECT_URI"),
        metavar="URI",
        help="the https:// callback URL registered with the application",
    )
    parser.add_argument("--api-base-url", metavar="URL", help="for a proxy or a test server")
    parser.add_argument(
        "--accounts-base-url",
        metavar="URL",
        help="where the consent page is (default: RD Station's; with an API base URL on a loopback address, the same)",
    )
    return parser


def _base_url(text: str, option: str) -> str:
    try:
        return TypeAdapter(BaseUrl).validate_python(text)
    except ValidationError as error:
        raise InputError(f"{option} {error.errors()[0]['msg'].removeprefix('Value error, ')}.") from None


def _accounts_of(options: argparse.Namespace, api: str) -> str:
    if options.accounts_base_url:
        return _base_url(options.accounts_base_url, "--accounts-base-url")
    # A test server plays both hosts; a proxy in front of the API shows no pages to a browser.
    return api if urlsplit(api).scheme == "http" else _ACCOUNTS


def _tokens_path(given: Path | None, output: Path) -> Path | None:
    """Return the path as a configuration holds it, absolute: a connector may be started in any folder."""
    if given is None:
        return None
    path = given.expanduser().resolve()
    if path == output.resolve():
        raise InputError("--tokens-path must name another file than --output.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    TokensFile(str(path), "")  # says whatever may be wrong with it before anybody consents
    return path


def _prepare(output: Path, force: bool) -> None:
    """Say whatever may be wrong with the file before anybody consents: a code works once."""
    if output.exists() and not force:
        raise InputError(f"{output} exists. Name another file with --output, or replace it with --force.")
    if output.is_dir():
        raise InputError(f"{output} is a folder. Name a file with --output.")
    output.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(output.parent, os.W_OK):
        raise InputError(f"The folder {output.parent} cannot be written to. Name another file with --output.")


def _application(client_id: str | None, redirect_uri: str | None) -> Application:
    client_id = (client_id or input("Client ID: ")).strip()
    secret = (os.environ.get("RDSTATION_CLIENT_SECRET") or getpass("Client secret (not shown): ")).strip()
    redirect_uri = redirect_uri_of(redirect_uri or input("Callback URL (https://…): "))
    if not client_id or not secret:
        raise InputError("Client ID and client secret are needed: both are shown with your application.")
    return Application(client_id, secret, redirect_uri)


def _config(
    connector: _Connector, application: Application, tokens: Mapping[str, str], more: Mapping[str, str]
) -> dict[str, Any]:
    credentials = {
        **connector.credentials,
        "client_id": application.client_id,
        "client_secret": application.client_secret,
        **tokens,
    }
    given = {name: value for name, value in more.items() if value}
    return {"credentials": credentials, **connector.settings, **given}


if __name__ == "__main__":
    run()
