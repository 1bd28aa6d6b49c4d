"""What connectors print while an account lives is searched when it ends, so that each test is one of redaction, too.

RECORD and CONTROL lines are made of such data and do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from emulator.client import Emulator
from emulator.data.words import FIRST_NAMES, LAST_NAMES
from output import Run

__all__ = ["discreet", "outside_records", "overhear", "secrets_of"]

PEOPLE = re.compile(
    r"@[\w.-]{1,60}\.test|arquivos\.exemplo\.test|\+?5500?9\d{7,}"
    rf"|\b(?:{'|'.join(FIRST_NAMES)}) (?:{'|'.join(LAST_NAMES)})\b"
)
"""How the emulator's people are called, written to and rung up, and those of the tests' own rows; where files are."""
PUBLIC_PARTS = ("kty", "kid", "use", "alg", "e")  # of a key; a warning names the kid

_heard_while: dict[Emulator, list[str]] = {}


def outside_records(run: Run) -> str:
    """Everything printed but RECORD lines, and CONTROL lines, whose purpose is to carry tokens."""
    shown = [
        line.text.decode()
        for line in run.lines
        if not line.text.startswith((b'{"type":"RECORD"', b'{"type":"CONTROL"'))
    ]
    return "\n".join([*shown, run.stderr])


def overhear(run: Run) -> None:
    """To be called with each run of a connector."""
    text = outside_records(run)
    for heard in _heard_while.values():
        heard.append(text)


def secrets_of(crm: Emulator) -> set[str]:
    """Every token, secret and part of a private key of the account, of each API."""
    oauth = crm.oauth()
    refreshed = [token for entry in oauth["history"] for token in (entry["refresh_token"], entry["new_refresh_token"])]
    found = {*oauth["access_tokens"], *oauth["refresh_tokens"], *refreshed, oauth["credentials"]["client_secret"]}
    conversas = crm.conversas_secrets()
    parts = {part for key in conversas["keys"] for name, part in key.items() if name not in PUBLIC_PARTS}
    return (
        (found - {None})
        | {crm.v1_token(), *conversas["access_token"].split(".")}
        | parts
        | {part[:40] for part in parts}
    )


@contextmanager
def discreet(crm: Emulator) -> Iterator[None]:
    """Fails at its end if a secret or a person of the account was printed."""
    heard = _heard_while.setdefault(crm, [])
    try:
        yield
    finally:
        del _heard_while[crm]
    if heard:
        text = "\n".join(heard)
        assert PEOPLE.findall(text) == []
        assert {secret for secret in secrets_of(crm) if secret in text} == set()
