"""Credentials as people paste them: freed of what pasting adds, and what no credential can hold named. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from airbyte_rdstation.invisible import without_invisible

__all__ = ["Credential", "OptionalCredential", "remark_on", "tidied", "tidy"]

_NAMES: Final = ("client_id", "client_secret", "refresh_token", "access_token")
_QUOTES: Final = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
_BEARER: Final = re.compile(r"bearer([\s:]+|$)", re.IGNORECASE)


def tidied(text: str) -> str:
    """Take off what pasting adds: quotes around, the word Bearer, and blanks and invisible characters anywhere."""
    return "".join(_unwrapped(text).split())


def tidy(credentials: MutableMapping[str, Any]) -> None:
    """Tidy the texts of `{"client_id": …, "client_secret": …, "refresh_token": …, "access_token": …}` in place."""
    credentials.update({name: tidied(text) for name, text in _texts(credentials).items()})


def remark_on(config: Mapping[str, Any]) -> str:
    """Say which credentials of a configuration had blanks or line breaks inside; empty where none did.

    They stand in the configuration itself or in its object `credentials`.
    """
    inner = config.get("credentials")
    named = {f"credentials.{name}": text for name, text in _texts(inner).items()} if isinstance(inner, Mapping) else {}
    odd = [f"`{name}`" for name, text in {**_texts(config), **named}.items() if any(map(str.isspace, _unwrapped(text)))]
    if not odd:
        return ""
    return (
        f"{' and '.join(odd)} held line breaks or blanks inside, which no credential has; they are left out. Correct "
        "the configuration."
    )


def _texts(credentials: Mapping[str, Any]) -> dict[str, str]:
    return {name: text for name in _NAMES if isinstance(text := credentials.get(name), str)}


def _unwrapped(text: str) -> str:
    text, before = without_invisible(text), ""
    while text != before:
        before = text
        text = text.strip()
        text = text[len(found[0]) :] if (found := _BEARER.match(text)) else text
        if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
            text = text[1:-1]
    return text


def _optional(value: str) -> str:
    text = tidied(value)
    strange = sorted({each for each in text if not each.isascii()})
    if strange:
        code_points = ", ".join(f"U+{ord(each):04X}" for each in strange[:3])
        raise ValueError(f"holds characters that no credential has ({code_points}); copy it again")
    return text


def _required(value: str) -> str:
    text = _optional(value)
    if not text:
        raise ValueError("is empty")
    return text


Credential = Annotated[str, AfterValidator(_required)]
"""A secret or its name, tidied: printable ASCII, not empty."""
OptionalCredential = Annotated[str, AfterValidator(_optional)]
"""As above, or empty."""
