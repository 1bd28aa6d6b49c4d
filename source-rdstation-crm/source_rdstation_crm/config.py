"""The user's configuration: raw JSON becomes models once, and each mistake a sentence that names the property."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from rdstation.dates import format_instant, parse_instant
from rdstation.errors import ConnectorError, config_error

__all__ = ["Settings", "V1Credentials", "V2Credentials", "read_settings"]

_BASE_URLS: Final = {"v1": "https://crm.rdstation.com", "v2": "https://api.rd.services"}
_DEFAULT_VERSION: Final = "v2"
_CLOCKS_APART: Final = timedelta(days=1)  # somebody's "today" may be our tomorrow


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value.strip()


def _start_date(value: str) -> str:
    try:
        moment = parse_instant(value)
    except ValueError:
        raise ValueError("is no date; write it like 2024-01-31T00:00:00Z") from None
    if moment > datetime.now(timezone.utc) + _CLOCKS_APART:
        raise ValueError("lies in the future, so nothing would be read")
    return format_instant(moment)


def _instant(value: str) -> str:
    try:
        return format_instant(parse_instant(value))
    except ValueError:
        raise ValueError("is no date; remove it, the connector writes it by itself") from None


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is no valid address") from None
    if parts.query or parts.fragment or parts.username or parts.password or parts.path.strip("/") or not host:
        raise ValueError("must be scheme, host and port only, like https://api.rd.services")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError(
            "must start with https:// (http:// is for a loopback address only: the token would travel openly)"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _whole_number(value: Any) -> Any:
    # JSON knows one kind of number: 8.0 is an integer to the spec's JSON schema, too.
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Text = Annotated[str, AfterValidator(_text)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class V2Credentials(_Model):
    """API v2: OAuth 2 with a refresh token that works once."""

    api_version: Literal["v2"]
    client_id: _Text
    client_secret: _Text = Field(repr=False)
    refresh_token: _Text = Field(repr=False)
    access_token: str | None = Field(None, repr=False)
    token_expiry_date: Annotated[str, AfterValidator(_instant)] | Literal[""] | None = None


class V1Credentials(_Model):
    """The legacy API v1: the token of one user, which never changes."""

    api_version: Literal["v1"]
    access_token: _Text = Field(repr=False)


class Settings(_Model):
    """The whole configuration, checked."""

    credentials: Annotated[V1Credentials | V2Credentials, Field(discriminator="api_version")]
    start_date: Annotated[str, AfterValidator(_start_date)] | None = None
    api_base_url: Annotated[str, AfterValidator(_base_url)]
    requests_per_minute: Annotated[int, BeforeValidator(_whole_number), Field(strict=True, ge=1)] = 120
    num_workers: Annotated[int, BeforeValidator(_whole_number), Field(strict=True, ge=1, le=20)] = 8


def read_settings(raw: Mapping[str, Any]) -> Settings:
    """The checked configuration. A config error names each property that is wrong; it never quotes a value."""
    credentials = raw.get("credentials")
    if not isinstance(credentials, Mapping):
        raise config_error("The configuration has no `credentials` object. Fill in the connector's credentials.")
    version = credentials.get("api_version") or _DEFAULT_VERSION
    if not isinstance(version, str) or version not in _BASE_URLS:
        raise config_error("`credentials.api_version` is unknown. It must be v2, or v1 for a legacy token.")
    filled = {name: value for name, value in raw.items() if value is not None and value != ""}
    filled["credentials"] = {**credentials, "api_version": version}
    try:
        return Settings.model_validate({"api_base_url": _BASE_URLS[version], **filled})
    except ValidationError as error:
        raise _explain(error) from None


def _explain(error: ValidationError) -> ConnectorError:
    problems = []
    for problem in error.errors(include_input=False, include_context=False, include_url=False):
        name = ".".join(
            part
            for part in problem["loc"]
            if isinstance(part, str) and not part.startswith("function-") and part not in _BASE_URLS
        )
        text = problem["msg"].removeprefix("Value error, ")
        problems.append(f"`{name}` {_SENTENCES.get(problem['type'], text)}")
    return config_error(f"The configuration is not valid: {'; '.join(dict.fromkeys(problems))}.")


_SENTENCES: Final = {
    "missing": "is missing",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
}
