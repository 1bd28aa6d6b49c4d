"""The user's configuration of the CRM destination, checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool

from airbyte_rdstation.config import (
    Credential,
    OAuthCredentials,
    OAuthSettings,
    PaceSetting,
    SettingsModel,
    Text,
)
from airbyte_rdstation.config_file import filled, read_as
from destination_rdstation_crm.objects.key_forms import Match

__all__ = ["Column", "LocalStorage", "NoStorage", "S3Storage", "Settings", "Storage", "read_settings"]

_BASE_URL: Final = "https://api.rd.services"
_REGION: Final = re.compile(r"(?![0-9]+$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")  # a part of a host's name
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


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        raise ValueError("is no region; write it like sa-east-1")
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
    s3_bucket_region: Annotated[Text, AfterValidator(_region)] | None = None
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
    # An empty mode, so that a missing one is told with the choices.
    given = {"api_base_url": _BASE_URL, "mode": "", **filled(raw)}
    storage = given.get("object_storage_config")
    if isinstance(storage, Mapping):
        given["object_storage_config"] = {"storage_type": "None", **filled(storage)}
    return read_as(Settings, given, variants=_STORAGE_TYPES)
