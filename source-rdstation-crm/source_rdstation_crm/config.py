"""The user's configuration of the CRM source. API v2 is the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.config import (
    Credential,
    OAuthCredentials,
    OAuthSettings,
    PaceSetting,
    SettingsModel,
    StartDate,
    explain,
)

__all__ = ["Settings", "V1Credentials", "V2Credentials", "read_settings"]

_BASE_URLS: Final = {"v1": "https://crm.rdstation.com", "v2": "https://api.rd.services"}
_DEFAULT_VERSION: Final = "v2"


class V2Credentials(OAuthCredentials):
    """API v2: OAuth 2."""

    api_version: Literal["v2"]


class V1Credentials(SettingsModel):
    """The legacy API v1: the token of one user, which never changes."""

    api_version: Literal["v1"]
    access_token: Credential = Field(repr=False)


class Settings(OAuthSettings):
    """The whole configuration, checked."""

    credentials: Annotated[V1Credentials | V2Credentials, Field(discriminator="api_version")]
    start_date: StartDate | None = None
    requests_per_minute: PaceSetting = 120


def read_settings(raw: Mapping[str, Any]) -> Settings:
    """Check a configuration. Raises a config error that names each property that is wrong; it never quotes a value."""
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
        raise explain(error, unnamed=_BASE_URLS) from None
