"""Checks the user's configuration of the Conversas source, and removes from texts what pasting adds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, StringConstraints, ValidationInfo

from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.config import OptionalCredential, PaceSetting, SourceSettings, remark
from airbyte_rdstation.config_file import filled, nearest, read_as
from source_rdstation_conversas.history.private_keys import PrivateKeys
from source_rdstation_conversas.table_conversas import STREAMS

__all__ = ["Settings", "read_settings", "require_for"]

_Sender: TypeAlias = Literal["bot", "customer", "operator"]

_BASE_URL: Final = "https://api.tallos.com.br"
_CHANNELS: Final = ("email", "instagram", "megasac", "messenger", "telegram", "whatsapp")
_SENDERS: Final[tuple[_Sender, ...]] = ("bot", "customer", "operator")
_MESSAGE_TYPES: Final = (  # documented ones, the vendor's tool's, and those of a live client
    "text", "audio", "document", "image", "video", "contact", "interactive", "location", "doc", "list", "list_reply",
    "button_reply", "quick_reply", "buttons_image", "buttons_video", "buttons_document", "call-to-action", "email",
)  # fmt: skip

_JWT_BEGINS: Final = "eyJ"
_JWT_PARTS: Final = 3


def _token(value: str) -> str:
    if not value:
        raise ValueError("is empty. Copy the token in RD Station Conversas under Apps e Integrações > API")
    parts = value.split(".")
    if value.endswith("...") or (value.startswith(_JWT_BEGINS) and not (len(parts) == _JWT_PARTS and all(parts))):
        raise ValueError(
            "is cut off: the token has three parts with a dot between them. Copy the whole text in RD Station "
            "Conversas under Apps e Integrações > API"
        )
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError):  # no such name; the name of a folder; no name at all
        raise ValueError("is no time zone; write it like America/Sao_Paulo") from None
    return value


def _keys(value: Any) -> PrivateKeys | None:
    if not isinstance(value, str):
        raise ValueError("must be a text: the JSON that RD Station Conversas shows, in quotes")
    return _proven_keys(value)


@lru_cache(maxsize=1)  # a command checks its configuration and then reads it; each time takes 60 ms
def _proven_keys(text: str) -> PrivateKeys:
    return PrivateKeys.read(text)


def _or_all(every: Collection[str]) -> AfterValidator:
    """Take an empty choice for all values: the API's own default would hide messages. Write known ones in our case.

    Others are remarked on: RD Station may have new ones, but a typo loses messages.
    """
    as_known = {name.casefold(): name for name in every}

    def choose(chosen: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(as_known.get(each.casefold(), each) for each in chosen))
        if unknown := [name for name in names if name not in every]:
            remark(info, _unknown_names(info.field_name, unknown, every))
        return names or tuple(every)

    return AfterValidator(choose)


# The API answers a comma-joined list with zero messages and no error [seen].
_Value = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]


class Settings(SourceSettings):
    """Hold the whole configuration, checked: each field is a property of `spec.yaml`."""

    access_token: Annotated[OptionalCredential, AfterValidator(_token), Field(repr=False)]
    private_key_jwk: Annotated[InstanceOf[PrivateKeys], BeforeValidator(_keys)] | None = None
    channels: Annotated[tuple[_Value, ...], _or_all(_CHANNELS)] = _CHANNELS
    senders: Annotated[tuple[_Sender, ...], _or_all(_SENDERS)] = _SENDERS
    message_types: Annotated[tuple[_Value, ...], _or_all(_MESSAGE_TYPES)] = _MESSAGE_TYPES
    reports_lookback_days: Annotated[int, Field(strict=True, ge=0, le=3650)] = 30
    campaigns_lookback_days: Annotated[int, Field(strict=True, ge=0, le=3650)] = 30
    messages_full_round_days: Annotated[int, Field(strict=True, ge=0, le=365)] = 7
    timezone: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_time_zone)] = "America/Sao_Paulo"
    analytics_by_department: bool = False
    requests_per_minute: PaceSetting = 45


def read_settings(raw: Mapping[str, Any]) -> Settings:
    """Check a configuration. Raises a config error that names each property that is wrong; it never quotes a value."""
    if "access_token" not in raw and isinstance(raw.get("credentials"), Mapping):
        raise config_error(
            "`access_token` is missing. The configuration has `credentials` instead, as those of RD Station CRM have."
        )
    given = {"api_base_url": _BASE_URL, **filled(raw)}
    if raw.get("access_token") == "":
        given["access_token"] = ""  # it is there, but empty
    return read_as(Settings, given)


def _unknown_names(option: str | None, unknown: Collection[str], known: Collection[str]) -> str:
    meant = dict.fromkeys(filter(None, (nearest(each, known) for each in unknown)))
    hint = f"Did you mean {' and '.join(f'`{each}`' for each in meant)}? " if meant else ""
    return (
        f"`{option}` holds names that this connector does not know. {hint}Known are {', '.join(known)}. For "
        "any other, RD Station may show no message and no error. After a correction, clear the streams of messages, so "
        "that what was left out is read."
    )


def require_for(streams: Collection[str], settings: Settings) -> None:
    """Raise a config error where a selected stream cannot be read with these settings."""
    selected = [spec for spec in STREAMS if spec.name in streams]
    dated = [spec.name for spec in selected if spec.needs_start_date]
    if dated and not settings.start_date:
        raise config_error(
            f"`start_date` is missing, and {' and '.join(dated)} cannot be read without it: RD Station would show the "
            "last 30 days only. Enter the day from which on messages are wanted, like 2024-01-31."
        )
    if settings.private_key_jwk is None and any(spec.needs_key for spec in selected):
        raise config_error(
            "`private_key_jwk` is missing, and messages cannot be read without it: RD Station encrypts them. Paste the "
            "private key that RD Station Conversas shows after Gerar Chave (Apps e Integrações > API), or deselect the "
            "stream messages; messages_history works without the key and gives the encrypted pages."
        )
