"""The user's configuration of the CRM source. API v2 is the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.config import (
    Credential,
    OAuthCredentials,
    OAuthSettings,
    PaceSetting,
    SettingsModel,
    SourceSettings,
)
from airbyte_rdstation.config_file import filled, read_as

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


class Settings(OAuthSettings, SourceSettings):
    """The whole configuration, checked."""

    credentials: Annotated[V1Credentials | V2Credentials, Field(discriminator="api_version")]
    requests_per_minute: PaceSetting = 120


def read_settings(raw: Mapping[str, Any]) -> Settings:
    """Check a configuration. Raises a config error that names each property that is wrong; it never quotes a value."""
    given = filled(raw)
    if isinstance(credentials := given.get("credentials"), Mapping):
        if filled(credentials).keys() == {"access_token"}:
            raise config_error(
                '`credentials` holds an access token alone. If it is the token of API v1, add `"api_version": "v1"` '
                "beside it; API v2 needs `client_id`, `client_secret` and `refresh_token`, too."
            )
        version = credentials.get("api_version", _DEFAULT_VERSION)
        if not isinstance(version, str) or version not in _BASE_URLS:
            raise config_error("`credentials.api_version` is unknown. It must be v2, or v1 for a legacy token.")
        given = {"api_base_url": _BASE_URLS[version], **given, "credentials": {**credentials, "api_version": version}}
    return read_as(Settings, given, variants=_BASE_URLS)
