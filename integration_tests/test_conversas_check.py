"""What is wrong with a configuration of Conversas is told before anything is read, each cause in its own sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

import pytest
from jwcrypto.jwk import JWK

from harness import CONVERSAS, ConversasSize, Emulator, Jobs, Run, Source, account, at_once, often, status_of
from servers import stranger
from test_check import SHARED, WRONG, Cause, Prepare, assert_sentences_differ, assert_told, run_check, set_to
from truth_conversas import held, told, visits

SIZE = ConversasSize(contacts=4, messages_per_contact=6, reports=5)
PASTED = "\ufeffBearer \u200b{}\u2060\r\n"


@cache
def other_key() -> JWK:
    """A key that belongs to nobody; to take no long to make, it is one of this process."""
    return JWK.generate(kty="RSA", size=2048, kid="another-kid")


def configured(**properties: Any) -> Prepare:
    """Other values of the configuration."""
    return lambda _crm, source: source.config.update(properties)


def token_cut_off(_crm: Emulator, source: Source) -> None:
    source.config["access_token"] = source.config["access_token"].rpartition(".")[0]


def with_key(name: str) -> Prepare:
    """Another text for the key, made when it is needed: keys take long to make."""

    def prepare(_crm: Emulator, source: Source) -> None:
        key = other_key()
        elliptic = JWK.generate(kty="EC", crv="P-256")
        texts = {
            "no-json": WRONG,
            "public": key.export_public(),
            "elliptic": elliptic.export(private_key=True),
            "pem": key.export_to_pem(private_key=True, password=None).decode(),
            "pem-with-passphrase": key.export_to_pem(private_key=True, password=WRONG.encode()).decode(),
            "no-jwk": json.dumps({"chave": WRONG}),
        }
        source.config["private_key_jwk"] = texts[name]

    return prepare


CAUSES: Mapping[str, Cause] = {
    **SHARED,
    "wrong-token": Cause("token", ("does not accept the token",), configured(access_token=WRONG)),
    "replaced-token": Cause("token", ("does not accept the token",), set_to(conversas_token="revoked")),
    "token-cut-off": Cause("cut off", ("cut off",), token_cut_off),
    "no-token": Cause("no token", ("`access_token` is missing",), configured(access_token=None)),
    "token-of-blanks": Cause("blank token", ("`access_token` is empty",), configured(access_token="\u200b \n")),
    "key-no-json": Cause("no JSON", ("no valid JSON",), with_key("no-json")),
    "key-public": Cause("public", ("public key only",), with_key("public")),
    "key-elliptic": Cause("elliptic", ("not an RSA key",), with_key("elliptic")),
    "key-pem": Cause("PEM", ("PEM file where a JWK",), with_key("pem"), secret="PRIVATE KEY-----\\nM"),
    "key-pem-with-passphrase": Cause("PEM, passphrase", ("passphrase",), with_key("pem-with-passphrase")),
    "key-no-jwk": Cause("no JWK", ("no JWK",), with_key("no-jwk")),
    "several-options": Cause(
        "options",
        ("must be a list",),
        configured(channels=WRONG, start_date=WRONG, reports_lookback_days=-1),
    ),
}


# The unit tests of configuration and key tell most of these apart, too.
LONG = {
    *("replaced-token", "no-token", "token-of-blanks"),
    *("key-no-json", "key-public", "key-elliptic", "key-pem", "key-no-jwk"),
    *("outage", "name-does-not-resolve"),  # and those of the CRM try these
}


@pytest.fixture(scope="module")
def checked() -> Iterator[Jobs[Run]]:
    with at_once({name: partial(run_check, CONVERSAS, CAUSES[name]) for name in CAUSES}) as result:
        yield result


@pytest.mark.parametrize("name", often(CAUSES, long=LONG))
def test_given_a_cause_of_failure_when_checked_then_a_sentence_names_it_and_quotes_nothing(
    checked: Jobs[Run], name: str
) -> None:
    assert_told(checked(name), CAUSES[name])


@pytest.mark.long
def test_given_different_causes_when_checked_then_the_sentences_differ(checked: Jobs[Run]) -> None:
    assert_sentences_differ(checked, CAUSES)


def test_given_pasted_invisible_characters_when_checked_and_read_then_both_work_with_one_request_to_check() -> None:
    with account(conversas=SIZE) as crm:
        source = Source(crm, CONVERSAS)
        source.config["access_token"] = PASTED.format(source.config["access_token"])
        source.config["private_key_jwk"] = f"\ufeff\u200b{source.config['private_key_jwk']}\n"

        assert status_of(source.check()) == ("SUCCEEDED", "")
        assert len(crm.requests()) == 1
        assert told(source.read("messages")) == held(crm)


def test_given_a_host_that_is_not_rd_station_when_run_then_the_address_is_named() -> None:
    with account(conversas=SIZE) as crm, stranger(404, "Not Found") as other:
        source = Source(crm, CONVERSAS, api_base_url=other.url)

        checked, read = source.check(), source.read("flows")

        status, sentence = status_of(checked)
        assert status == "FAILED"
        assert "API base URL" in sentence
        assert read.exit_code == 1
        assert read.error_of("flows")["failure_type"] == "config_error"
        assert "API base URL" in read.error_of("flows")["message"]


LACKING = {
    "messages_history-without-start-date": ("messages_history", "start_date"),
    "messages-without-key": ("messages", "private_key_jwk"),
}


@pytest.mark.parametrize("name", LACKING)
def test_given_a_stream_that_lacks_a_setting_when_read_then_a_config_error_before_any_request(name: str) -> None:
    stream, lacking = LACKING[name]
    with account(conversas=SIZE) as crm:
        run = Source(crm, CONVERSAS, **{lacking: None}).read(stream, "flows")

        assert run.exit_code == 1
        (error,) = run.errors
        assert error["failure_type"] == "config_error"
        assert f"`{lacking}` is missing" in error["message"]
        assert stream in error["message"]
        assert crm.requests() == []
        assert not any(line.is_record for line in run.lines)


def test_given_a_foreign_key_when_read_then_pages_stay_encrypted_until_the_right_key_is_added() -> None:
    with account(conversas=SIZE) as crm:
        source = Source(crm, CONVERSAS, private_key_jwk=other_key().export())
        right = crm.conversas_keys()["current"]

        first = source.read("messages", "messages_history")
        source.config["private_key_jwk"] = json.dumps({"keys": [json.loads(other_key().export()), right]})
        second = source.read("messages", state=first.states)

        assert first.exit_code == 0, first.log
        assert first.records("messages") == []
        assert {page["data"].count(".") for page in first.records("messages_history")} == {4}
        assert len([line for line in first.log_lines("WARN") if right["kid"] in line]) == 2  # one a stream
        assert told(second) == held(crm)


CHOICES = {
    "channels": ["telegram", "email"],
    "senders": ["customer"],
    "message_types": ["text", "audio", "call-to-action"],
}
PARAMETERS = {"channels": "channel", "senders": "sent_by", "message_types": "type"}


@pytest.mark.parametrize(
    "chosen", [pytest.param(CHOICES, id="chosen"), pytest.param({}, id="all", marks=pytest.mark.long)]
)
def test_given_channels_senders_and_types_when_read_then_they_go_out_as_repeated_parameters(
    chosen: dict[str, list[str]],
) -> None:
    with account(conversas=SIZE) as crm:
        run = Source(crm, CONVERSAS, start_date="31/01/2024", **chosen).read("messages")

        assert run.exit_code == 0, run.log
        for request in visits(crm):
            sent = {option: [v for n, v in request["parameters"] if n == name] for option, name in PARAMETERS.items()}
            assert all(len(set(values)) == len(values) for values in sent.values())
            assert {option: len(values) for option, values in sent.items()} == (
                {option: len(values) for option, values in CHOICES.items()}
                if chosen
                else {"channels": 6, "senders": 3, "message_types": 18}
            )
            assert not any("," in value for values in sent.values() for value in values)
            assert not chosen or sent == chosen
            assert request["query"]["start_date"] == "2024-01-30"  # a day before: the zone of days is unknown
        kept = [
            row
            for row in crm.conversas_truth("messages")
            if not chosen
            or (row["channel"], row["sent_by"], row["type"])
            in {(c, s, t) for c in chosen["channels"] for s in chosen["senders"] for t in chosen["message_types"]}
        ]
        assert told(run).total() == len(kept)
