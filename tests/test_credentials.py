"""Credentials as people paste them, and secrets in every spelling in which other software may print them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from airbyte_cdk.utils import airbyte_secrets_utils as secrets
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from airbyte_rdstation.client.oauth import TokenOwner
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.redaction import kind_and_place, mask
from airbyte_rdstation.config import Credential, tidied
from airbyte_rdstation.config_file import explain
from source_rdstation_crm.config import read_settings

TOKEN = "abc.DEF-123_xyz~456"
READ = TypeAdapter[str](Credential)


@pytest.mark.parametrize(
    "pasted",
    [
        f" {TOKEN}\r\n",
        f'"{TOKEN}"',
        f"'{TOKEN}'",
        f"\u201c{TOKEN}\u201d",
        f"`{TOKEN}`",
        f"Bearer {TOKEN}",
        f"  'bearer: {TOKEN}' ",
        f"\ufeff{TOKEN}\u200b",
        f"{TOKEN[:7]}\n{TOKEN[7:]}",
        f"{TOKEN[:7]} \u00a0{TOKEN[7:]}",
        f"{TOKEN[:7]}\u200d\u00ad\x00{TOKEN[7:]}",
    ],
)
def test_given_a_token_as_people_paste_it_when_read_then_it_is_the_token(pasted: str) -> None:
    assert READ.validate_python(pasted) == TOKEN


@pytest.mark.parametrize("pasted", ["", " ", "\u200b", '""', "Bearer", "' '"])
def test_given_nothing_but_what_pasting_adds_when_read_then_it_is_empty(pasted: str) -> None:
    with pytest.raises(ValidationError) as refused:
        READ.validate_python(pasted)
    assert "is empty" in str(explain(refused.value))


def test_given_a_character_that_no_credential_has_when_read_then_it_is_named_by_its_number() -> None:
    with pytest.raises(ValidationError, match=r"holds characters that no credential has \(U\+00E9\)"):
        READ.validate_python("segredé")


@given(st.text(st.characters(codec=None)))
def test_given_any_text_when_tidied_then_it_is_so_for_good_and_fits_a_header_or_is_refused(text: str) -> None:
    assert tidied(tidied(text)) == tidied(text)
    try:
        token = READ.validate_python(text)
    except ValidationError:
        return
    assert token.isascii()
    assert token.isprintable()
    assert " " not in token


def test_given_line_breaks_inside_then_they_are_remarked_on_and_the_owner_of_the_tokens_leaves_them_out() -> None:
    config: dict[str, Any] = {
        "access_token": f"{TOKEN}\n",
        "credentials": {"client_id": "a b", "client_secret": "a\nb", "refresh_token": f'"{TOKEN}"', "other": "c d"},
    }

    *blanks, _ = read_settings(config).remarks
    assert [remark.partition(" or blanks")[0] for remark in blanks] == [
        "`client_id` held line breaks",
        "`client_secret` held line breaks",
    ]

    TokenOwner(config, "https://api.rd.services/oauth2/token", RateLimit(60))
    assert config["credentials"] == {
        "client_id": "ab",
        "client_secret": "ab",
        "refresh_token": TOKEN,
        "other": "c d",
    }


@pytest.fixture
def nothing_masked() -> Iterator[None]:
    secrets.update_secrets([])
    yield
    secrets.update_secrets([])


@pytest.mark.usefixtures("nothing_masked")
@pytest.mark.parametrize("secret", ["first-half\nsecond-half", 'a"quoted\\secret', "com/barras+e=mais&", "sécret-ação"])
def test_given_a_secret_when_printed_by_other_software_then_it_is_masked_however_it_is_spelled(secret: str) -> None:
    mask(secret)

    raw = secret.encode()
    for spelled in (
        secret,
        repr(secret),
        repr({"token": secret}),
        json.dumps(secret),
        quote(secret),
        quote(secret, safe=""),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
    ):
        shown = secrets.filter_secrets(f"Invalid header value: {spelled}")
        assert "****" in shown
        assert secret[:6] not in shown.removeprefix("Invalid header value: ")


def test_given_an_unknown_exception_when_told_then_kind_and_place_without_its_text() -> None:
    try:
        raise KeyError("um-segredo")
    except KeyError as error:
        told = kind_and_place(error)

    assert told.startswith("KeyError at test_credentials.py:")
    assert "segredo" not in told
