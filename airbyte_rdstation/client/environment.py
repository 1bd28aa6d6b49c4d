"""Proxies and certificates of the environment: what is wrong with them is told by the variable's name."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import requests
from requests.utils import select_proxy

from airbyte_rdstation.client.errors import config_error

__all__ = ["environment_of"]

_PROXY_SCHEMES: Final = ("http", "https")
_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # in the order in which `requests` reads them


def environment_of(session: requests.Session, url: str) -> dict[str, Any]:
    """Read what the environment says of requests to `url`: `{"proxies": {…}, "verify": …, "cert": …, "stream": None}`.

    A config error names the variable where a proxy or a bundle of certificates cannot be used.
    """
    settings = dict(requests.Session.merge_environment_settings(session, url, {}, None, None, None))
    if urlsplit(url).scheme == "https" and isinstance(settings["verify"], str):
        _insist_on_bundle(settings["verify"])
    if proxy := select_proxy(url, cast("dict[str, str]", settings["proxies"])):
        _insist_on_proxy(proxy, urlsplit(url).scheme)
    return settings


def _insist_on_proxy(proxy: str, scheme: str) -> None:
    """The address is not told: it may hold a password."""
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    variable = next((name for name in names if os.environ.get(name)), "HTTPS_PROXY")
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host:
        raise config_error(f"{variable} is no valid address of a proxy. Write it like http://proxy.example:3128.")
    if parts.scheme not in _PROXY_SCHEMES:
        raise config_error(f"{variable} names a proxy of a kind that is not supported. Use one that speaks HTTP.")


def _insist_on_bundle(place: str) -> None:
    variable = next((name for name in _BUNDLES if os.environ.get(name) == place), _BUNDLES[0])
    path = Path(place)
    if not path.exists():
        raise config_error(f"{variable} names {place}, which does not exist. Correct it, or mount the file there.")
    where: Mapping[str, str] = {"capath": place} if path.is_dir() else {"cafile": place}
    try:
        ssl.create_default_context().load_verify_locations(**where)
    except (OSError, ssl.SSLError):
        raise config_error(
            f"{variable} names {place}, which holds no certificates that can be read. It must be a file in PEM form."
        ) from None
