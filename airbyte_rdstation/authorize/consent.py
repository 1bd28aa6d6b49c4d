"""The consent page: its address, and what its redirect brings back. Pure.

The code travels in the address of the redirect, which the user pastes: RD Station insists on https callbacks, so that
no server of this computer could receive it. Facts: docs/api/crm-v2.md#authorization.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri

__all__ = ["ConsentError", "code_of", "consent_url", "redirect_uri_of"]

_BARE_CODE: Final = re.compile(r"[A-Za-z0-9._~+/-]{8,}={0,2}")  # what the code looks like is not documented


class ConsentError(ValueError):
    """What was pasted or given cannot be used; the text says why, and quotes nothing."""


def redirect_uri_of(text: str) -> str:
    """Return the redirect URI without the blanks around it; ConsentError if RD Station would not take it."""
    uri = text.strip()
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConsentError("The redirect URI is no valid address.") from None
    if parts.scheme != "https" or not host or parts.fragment:
        raise ConsentError("The redirect URI must be an https:// address, the one registered with your application.")
    return uri


def consent_url(accounts_base_url: str, client_id: str, redirect_uri: str, state: str) -> str:
    """Return the address at which the user lets the application in."""
    return str(prepare_grant_uri(f"{accounts_base_url}/oauth/authorize", client_id, "code", redirect_uri, state=state))


def code_of(pasted: str, state: str) -> str:
    """Find the authorization code in a pasted redirect address (or the code alone); ConsentError if there is none."""
    text = pasted.strip().strip("'\"<>")
    if _BARE_CODE.fullmatch(text) and "://" not in text:
        return text
    try:
        found = parse_qs(urlsplit(text if "?" in text else f"?{text}").query)
    except ValueError:
        found = {}
    if "error" in found:
        raise ConsentError(_refusal(found["error"][0]))
    if "code" not in found:
        raise ConsentError(
            "There is no code in what you pasted. Paste the whole address to which RD Station sent the browser; it "
            "contains code=…"
        )
    # No state at all is accepted: whether RD Station hands it back is not documented.
    if found.get("state", [state]) != [state]:
        raise ConsentError("This address belongs to another attempt (its state differs). Use the link above.")
    return found["code"][0]


def _refusal(error: str) -> str:
    if error == "access_denied":
        return "RD Station says that access was denied. Open the link again and allow it, or ask an administrator to."
    return (
        "RD Station refused to give a code. Check client ID and redirect URI against your application, and try again."
    )
