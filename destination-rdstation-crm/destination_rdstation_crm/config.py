"""The user's configuration of the CRM destination, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, ValidationError

from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.config import (
    Credential,
    OAuthCredentials,
    OAuthSettings,
    PaceSetting,
    SettingsModel,
    Text,
    explain,
)
from destination_rdstation_crm.objects.key_forms import Match

__all__ = ["Column", "LocalStorage", "NoStorage", "S3Storage", "Settings", "Storage", "read_settings"]

_BASE_URL: Final = "https://api.rd.services"
_STORAGE_TYPES: Final = ("None", "S3", "Local")


def _path(value: str) -> str:
    if ".." in PurePath(value).parts or "\0" in value:
        raise ValueError("must not lead upwards (..)")
    return value


def _prefix(value: str) -> str:
    if ".." in value.split("/"):
        raise ValueError("must not lead upwards (..)")
    return value.strip("/")


def _endpoint(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with https:// (or http://)")
    return value


class Column(SettingsModel):
    """A column of the table and the field of the CRM that it fills."""

    column: Text
    field: Text
    match: Annotated[Match | None, BeforeValidator(lambda value: value or None)] = None
    """How values of the field are compared, where it is no field whose name tells."""


class NoStorage(SettingsModel):
    """Rejected rows are counted and logged only."""

    storage_type: Literal["None"] = "None"


class LocalStorage(SettingsModel):
    """Rejected rows go into a folder of this machine."""

    storage_type: Literal["Local"]
    folder: Annotated[Text, AfterValidator(_path)]


class S3Storage(SettingsModel):
    """Rejected rows go to S3, or to a store that speaks it."""

    storage_type: Literal["S3"]
    s3_bucket_name: Text
    s3_bucket_region: str | None = None
    s3_endpoint: Annotated[Text, AfterValidator(_endpoint)] | None = None
    bucket_path: Annotated[str, AfterValidator(_prefix)] = ""
    access_key_id: Credential | None = Field(default=None, repr=False)
    secret_access_key: Credential | None = Field(default=None, repr=False)
    """Without the two: the role or the environment that the process runs in."""


Storage: TypeAlias = "NoStorage | LocalStorage | S3Storage"


class Settings(OAuthSettings):
    """The whole configuration, checked."""

    credentials: OAuthCredentials
    mode: Literal["contacts", "deals", "organizations"]
    column_mapping: tuple[Column, ...] = ()
    partial_success: StrictBool = False
    skip_unchanged: StrictBool | None = None
    """None: on where rows are matched with records, off where they are appended."""
    send_nulls: StrictBool = False
    on_invalid_value: Literal["reject_row", "leave_field_out"] = "reject_row"
    empty_values: tuple[str, ...] = ()
    dry_run: StrictBool = False
    object_storage_config: Annotated[Storage, Field(discriminator="storage_type")] = NoStorage()
    results_path: Annotated[Text, AfterValidator(_path)] | None = None
    requests_per_minute: PaceSetting = 120


def read_settings(raw: Mapping[str, Any]) -> Settings:
    """Check the configuration. A config error names each property that is wrong; it never quotes a value."""
    if not isinstance(raw.get("credentials"), Mapping):
        raise config_error("The configuration has no `credentials` object. Fill in the connector's credentials.")
    filled = _filled(raw)
    storage = filled.get("object_storage_config")
    if isinstance(storage, Mapping):
        filled["object_storage_config"] = {"storage_type": "None", **_filled(storage)}
    try:
        return Settings.model_validate({"api_base_url": _BASE_URL, **filled})
    except ValidationError as error:
        raise explain(error, unnamed=_STORAGE_TYPES) from None


def _filled(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What is null or empty counts as absent: the platform's forms send either."""
    return {name: value for name, value in raw.items() if value is not None and value != ""}
