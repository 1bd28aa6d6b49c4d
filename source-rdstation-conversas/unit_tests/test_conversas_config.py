"""The configuration: what pasting adds is taken off, and what is wrong is named without its value."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from conversas_samples import TEST_KEY

from airbyte_rdstation.client.errors import ConnectorError
from source_rdstation_conversas.config import read_settings, require_for

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJlbXBsb3llZSI6IjEifQ.c2lnbmF0dXJl"
VALUE = "valor-8731"


def spec_of_conversas() -> dict[str, Any]:
    """What the form shows."""
    text = resources.files("source_rdstation_conversas").joinpath("spec.yaml").read_text(encoding="utf-8")
    form: dict[str, Any] = yaml.safe_load(text)["connectionSpecification"]
    return form


def refused(**properties: Any) -> str:
    """The sentence for a configuration with these."""
    with pytest.raises(ConnectorError) as caught:
        read_settings({"access_token": TOKEN, **properties})
    assert caught.value.failure_type is not None
    assert caught.value.failure_type.value == "config_error"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert " should " not in str(caught.value), "a sentence of the library, not of ours"
    return str(caught.value) + str(caught.value.internal_message)


@pytest.mark.parametrize(
    "pasted",
    [
        pytest.param(f" {TOKEN}\n", id="white-space-around"),
        pytest.param(f"\u200b{TOKEN[:20]}\u200b{TOKEN[20:]}", id="zero-width-spaces"),
        pytest.param(f"\ufeff{TOKEN}", id="byte-order-mark"),
        pytest.param(f"{TOKEN[:30]}\r\n{TOKEN[30:]}", id="line-break-within"),
        pytest.param(f"\u00a0{TOKEN}\u2060", id="no-break-space-and-joiner"),
        pytest.param(f"Bearer {TOKEN}", id="bearer"),
        pytest.param(f"\n bearer\t{TOKEN}", id="bearer-after-a-line-break"),
    ],
)
def test_what_pasting_adds_to_a_token_is_taken_off(pasted: str) -> None:
    assert read_settings({"access_token": pasted}).access_token == TOKEN


@pytest.mark.parametrize(
    ("token", "says"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param(" \u200b\n", "is empty", id="invisible"),
        pytest.param("Bearer ", "is empty", id="bearer-alone"),
        pytest.param(TOKEN.rpartition(".")[0], "is cut off", id="two-parts"),
        pytest.param(TOKEN[:-12], "is cut off", id="empty-last-part"),
        pytest.param(f"{TOKEN[:25]}...", "is cut off", id="shown-shortened"),
        pytest.param(None, "is missing", id="null"),
        pytest.param(8731, "must be a text", id="number"),
    ],
)
def test_a_token_that_cannot_work_is_refused_with_its_cause(token: Any, says: str) -> None:
    sentence = refused(access_token=token)

    assert "`access_token`" in sentence
    assert says in sentence
    assert TOKEN[:20] not in sentence


@pytest.mark.parametrize(
    ("given", "means"),
    [
        ("2024-01-31", "2024-01-31T00:00:00.000Z"),
        (" 2024-01-31 ", "2024-01-31T00:00:00.000Z"),
        ("2024-01-31T00:00:00Z", "2024-01-31T00:00:00.000Z"),
        ("2024-01-31T10:20:30.5Z", "2024-01-31T10:20:30.500Z"),
        ("2024-01-31 10:20", "2024-01-31T10:20:00.000Z"),
        ("2024-01-30T22:00:00-03:00", "2024-01-31T01:00:00.000Z"),
        ("31/01/2024", "2024-01-31T00:00:00.000Z"),
        ("1/2/2024", "2024-02-01T00:00:00.000Z"),
        ("", None),
        (None, None),
    ],
)
def test_the_start_date_takes_the_common_forms(given: str | None, means: str | None) -> None:
    assert read_settings({"access_token": TOKEN, "start_date": given}).start_date == means


@pytest.mark.parametrize("given", ["ontem", "01/31/2024", "31/02/2024", "2024-13-01", "2124-01-01", 20240131, ["2024"]])
def test_a_start_date_that_is_none_is_refused_without_its_value(given: Any) -> None:
    sentence = refused(start_date=given)

    assert "`start_date`" in sentence
    assert str(given) not in sentence


@pytest.mark.parametrize("name", ["channels", "senders", "message_types"])
@pytest.mark.parametrize("given", [VALUE, {VALUE: 1}, 5, [8731], [f"{VALUE},text"], [""], [None]], ids=repr)
def test_a_choice_that_is_no_list_of_names_is_refused_without_its_value(name: str, given: Any) -> None:
    sentence = refused(**{name: given})

    assert f"`{name}`" in sentence
    assert VALUE not in sentence
    assert "8731" not in sentence


def test_a_choice_is_kept_in_its_order_once_each_and_none_means_all() -> None:
    settings = read_settings({"access_token": TOKEN, "channels": [" telegram", "email", "telegram"], "senders": []})

    assert settings.channels == ("telegram", "email")
    assert settings.remarks == ()
    assert settings.senders == ("bot", "customer", "operator")
    assert len(settings.message_types) == 18


def test_a_known_name_is_taken_in_any_case_and_an_unknown_one_as_it_stands_with_a_remark() -> None:
    chosen = {"channels": ["WhatsApp", "whatsapp", "TikTok"], "message_types": ["Text", "stiker", "vidoe", "emial"]}
    settings = read_settings({"access_token": TOKEN, **chosen})

    assert settings.channels == ("whatsapp", "TikTok")
    assert settings.message_types == ("text", "stiker", "vidoe", "emial")
    channels, types = settings.remarks
    assert channels.startswith(
        "`channels` holds names that this connector does not know. Known are email, instagram, megasac,"
    )
    assert types.startswith(
        "`message_types` holds names that this connector does not know. Did you mean `video` and `email`?"
    )
    assert "TikTok" not in channels


def test_the_form_and_the_page_name_what_is_known() -> None:
    properties = spec_of_conversas()["properties"]
    page = (Path(__file__).parents[2] / "docs/integrations/sources/rdstation-conversas.md").read_text(encoding="utf-8")
    settings = read_settings({"access_token": TOKEN})

    for name in ("channels", "message_types"):
        known = getattr(settings, name)
        *most, last = known
        assert f": {', '.join(most)} and {last}." in properties[name]["description"]
        assert f": {', '.join(f'`{each}`' for each in known)}; empty: all of these." in page
    assert tuple(properties["senders"]["items"]["enum"]) == settings.senders


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("private_key_jwk", 8731),
        ("private_key_jwk", {"kty": "RSA"}),
        ("analytics_by_department", "talvez"),
        ("campaigns_lookback_days", -1),
        ("campaigns_lookback_days", 3_651),
        ("timezone", "Lua/Crateras"),
        ("timezone", "America"),
        ("timezone", "../etc/localtime"),
        ("timezone", "-03:00"),
        ("timezone", 3),
        ("reports_lookback_days", -1),
        ("reports_lookback_days", "trinta"),
        ("reports_lookback_days", 1.5),
        ("reports_lookback_days", True),
        ("requests_per_minute", 0),
        ("requests_per_minute", VALUE),
        ("requests_per_minute", 1.5),
        ("num_workers", 0),
        ("num_workers", 21),
        ("num_workers", [8]),
        ("api_base_url", "http://api.exemplo.test"),
        ("api_base_url", f"https://{VALUE}:x@api.exemplo.test"),
        ("api_base_url", 8731),
    ],
)
def test_a_setting_of_a_wrong_type_is_named_without_its_value(name: str, given: Any) -> None:
    sentence = refused(**{name: given})

    assert f"`{name}`" in sentence
    assert VALUE not in sentence
    assert "8731" not in sentence


@pytest.mark.parametrize("stream", ["messages", "messages_history"])
def test_the_history_needs_a_start_date(stream: str) -> None:
    settings = read_settings({"access_token": TOKEN, "private_key_jwk": TEST_KEY})

    with pytest.raises(ConnectorError, match="`start_date` is missing") as caught:
        require_for([stream, "contacts"], settings)

    assert stream in str(caught.value)


def test_messages_need_the_key_and_their_pages_do_not() -> None:
    settings = read_settings({"access_token": TOKEN, "start_date": "2024-01-31"})

    require_for(["messages_history", "reports"], settings)
    with pytest.raises(ConnectorError, match="`private_key_jwk` is missing"):
        require_for(["messages"], settings)


def test_lists_need_neither() -> None:
    require_for(["contacts", "reports"], read_settings({"access_token": TOKEN}))
