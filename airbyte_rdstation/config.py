"""What every connector lets its user set, as models, and the forms that each value may have.

`config_file.read_as` makes them of raw JSON. Credentials are freed of what pasting adds, and what no credential can
hold is named.
"""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationInfo
from typing_extensions import Self

from airbyte_rdstation.dates import FIRST_YEAR, format_instant, normalize_instant, parse_instant
from airbyte_rdstation.invisible import without_invisible

__all__ = [
    "BaseUrl",
    "CommonSettings",
    "Credential",
    "OAuthCredentials",
    "OAuthSettings",
    "OptionalCredential",
    "PaceSetting",
    "SettingsModel",
    "SourceSettings",
    "Text",
    "TokensPath",
    "remark",
    "tidied",
]

_CLOCKS_APART: Final = timedelta(days=1)  # somebody's "today" may be our tomorrow
_PACE_OF_CHECK: Final = 60  # requests a minute
_BRAZILIAN_DATE: Final = re.compile(r"\s*(\d{1,2})/(\d{1,2})/(\d{4})\s*")
_QUOTES: Final = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
_BEARER: Final = re.compile(r"bearer([\s:]+|$)", re.IGNORECASE)


def remark(info: ValidationInfo, sentence: str) -> None:
    """Note what a user should know of a value that works all the same; see `CommonSettings.remarks`."""
    if info.context is not None:
        info.context.append(sentence)


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value.strip()


def _iso_date(value: Any) -> Any:
    found = _BRAZILIAN_DATE.fullmatch(value) if isinstance(value, str) else None
    return f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}" if found else value


def _start_date(value: str) -> str:
    try:
        text = normalize_instant(value)
    except ValueError:
        raise ValueError("is no date; write it like 2024-01-31T00:00:00Z or 31/01/2024") from None
    if text < str(FIRST_YEAR):
        raise ValueError(f"lies before {FIRST_YEAR}; RD Station holds nothing so old")
    try:
        moment = parse_instant(text)
    except ValueError:
        moment = None  # in a year far beyond this one
    if moment is None or moment > datetime.now(timezone.utc) + _CLOCKS_APART:
        raise ValueError("lies in the future, so nothing would be read")
    return format_instant(moment)


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(without_invisible(value).strip())
        host, _ = parts.hostname or "", parts.port
        if any(map(str.isspace, host.encode("idna").decode())):  # which also refuses empty and endless parts
            raise ValueError("a blank")
    except ValueError:
        raise ValueError("is no valid address") from None
    if parts.query or parts.fragment or parts.username or parts.password or parts.path.strip("/") or not host:
        raise ValueError("must be scheme, host and port only, like https://api.rd.services")
    loopback = host == "localhost"
    with suppress(ValueError):  # a name
        loopback = loopback or ipaddress.ip_address(host).is_loopback
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ValueError(
            "must start with https:// (http:// is for a loopback address only: the token would travel openly)"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _whole_number(value: Any) -> Any:
    # JSON knows one kind of number: 8.0 is an integer to the spec's JSON schema, too.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _credential(value: str, info: ValidationInfo) -> str:
    text = tidied(value)
    if text not in without_invisible(value):
        remark(
            info,
            f"`{info.field_name}` held line breaks or blanks inside, which no credential has; they are left out. "
            "Correct the configuration.",
        )
    strange = sorted({each for each in text if not each.isascii()})
    if strange:
        code_points = ", ".join(f"U+{ord(each):04X}" for each in strange[:3])
        raise ValueError(f"holds characters that no credential has ({code_points}); copy it again")
    return text


def _instant(value: str) -> str:
    try:
        return format_instant(parse_instant(value))
    except ValueError:
        raise ValueError("is no date; remove it, the connector writes it by itself") from None


def _tokens_path(value: str) -> str:
    # A relative one would be another file for each folder that a command is started in, and its tokens be lost.
    if not PurePath(value).is_absolute() or "\0" in value:
        raise ValueError("must be an absolute path, like /srv/rdstation/tokens.json")
    return value


BaseUrl = Annotated[str, AfterValidator(_base_url)]
"""Scheme, host and port: https, or http on a loopback address."""
Text = Annotated[str, AfterValidator(_text)]
"""A text that is not empty, without the line ends that come with pasting."""
StartDate = Annotated[str, BeforeValidator(_iso_date), AfterValidator(_start_date)]
"""An instant that is not in the future; `DD/MM/YYYY` is taken, too."""
OptionalCredential = Annotated[str, AfterValidator(_credential)]
"""A secret or its name, tidied: printable ASCII, or empty."""
Credential = Annotated[OptionalCredential, Field(min_length=1)]
"""As above, but not empty."""

TokensPath = Annotated[str, AfterValidator(_tokens_path)]
"""The absolute path of a file."""


class SettingsModel(BaseModel):
    """Frozen; its errors quote no value."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class OAuthCredentials(SettingsModel):
    """OAuth 2 with a refresh token that works once."""

    api_version: Literal["v2"] | None = None
    """Which API they are for: only the CRM source has another one."""
    client_id: Credential
    client_secret: Credential = Field(repr=False)
    refresh_token: Credential = Field(repr=False)
    access_token: OptionalCredential | None = Field(default=None, repr=False)
    token_expiry_date: Annotated[str, AfterValidator(_instant)] | Literal[""] | None = None


PaceSetting = Annotated[int, BeforeValidator(_whole_number), Field(strict=True, ge=1)]
"""Requests a minute."""


class CommonSettings(SettingsModel):
    """The settings of every connector; base URL and pace differ by API, so each connector fills in its own default."""

    api_base_url: BaseUrl
    requests_per_minute: PaceSetting
    num_workers: Annotated[int, BeforeValidator(_whole_number), Field(strict=True, ge=1, le=20)] = 8
    _remarks: tuple[str, ...] = PrivateAttr(())

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know of a configuration that works all the same, a sentence each."""
        return self._remarks

    def of_check(self) -> Self:
        """Return the same, at a pace at which a check ends within the minute that a platform waits for it."""
        return self.model_copy(update={"requests_per_minute": max(_PACE_OF_CHECK, self.requests_per_minute)})


class SourceSettings(CommonSettings):
    """The settings of both sources."""

    start_date: StartDate | None = None


class OAuthSettings(CommonSettings):
    """The settings of the connectors whose tokens rotate."""

    tokens_path: TokensPath | None = None
    """Where the newest tokens are kept, in preference to the configuration."""


def tidied(text: str) -> str:
    """Take off what pasting adds: quotes around, the word Bearer, and blanks and invisible characters anywhere."""
    text, before = without_invisible(text), ""
    while text != before:
        before = text
        text = text.strip()
        text = text[len(found[0]) :] if (found := _BEARER.match(text)) else text
        if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
            text = text[1:-1]
    return "".join(text.split())
