"""Every message arrives once, in the characters that its encryption left; without the key the pages stay encrypted."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from harness import CONVERSAS, ConversasSize, Source, account, often
from truth_conversas import RECORDS, held, told, told_in_pages

SIZE = ConversasSize(contacts=10, messages_per_contact=45, reports=1)
FULL = ConversasSize(contacts=2_000, messages_per_contact=250, reports=1)
ENCRYPTIONS = ("A128CBC-HS256", "A256GCM", "A128GCM", "A192GCM", "A192CBC-HS384", "A256CBC-HS512", "mixed")
READABLE: dict[str, dict[str, Any]] = {
    **{f"enc-{name}": {"conversas_enc": name} for name in ENCRYPTIONS},
    "alg-rsa-oaep": {"conversas_alg": "RSA-OAEP", "conversas_enc": "mixed"},
    "plaintext-utf-8": {"conversas_plaintext": "utf-8"},
    "plaintext-escaped": {"conversas_malformed": "escaped"},
    "plaintext-spaced": {"conversas_spaced": True},
    "nested-text": {"conversas_nested": True},
    **{
        f"under-{name}": {"conversas_history_envelope": name}
        for name in ("data", "payload", "encrypted", "result", "body_text", "body_string", "plain")
    },
    **{f"end-{name}": {"conversas_empty_page": name} for name in ("blank", "absent", "null", "list")},
    "channel-named": {"conversas_message_channel": True},
    "history-of-90-days-at-most": {"conversas_history_range": 90},
    "days-in-utc": {"conversas_day_tz": "UTC"},
}


# What unit tests decide too: which cipher, under which name the text lies, and how an empty page looks.
LONG = {
    *(f"enc-{name}" for name in ENCRYPTIONS if name != "mixed"),
    *(f"under-{name}" for name in ("payload", "encrypted", "result", "body_text")),
    *(f"end-{name}" for name in ("blank", "absent", "list")),
    "alg-rsa-oaep",
    "plaintext-spaced",
}


@pytest.mark.parametrize("name", often(READABLE, long=LONG))
def test_given_a_known_form_of_the_history_when_read_then_every_message_arrives_once(name: str) -> None:
    with account(conversas=SIZE, **READABLE[name]) as crm:
        run = Source(crm, CONVERSAS).read("messages")

        assert run.exit_code == 0, run.log
        intact = name in ("plaintext-utf-8", "plaintext-escaped", "under-plain")
        assert told(run) == held(crm, intact=intact)
        assert len(run.ids("messages")) == len(run.records("messages"))
        assert run.log_lines("WARN") == []


@pytest.mark.long
def test_given_2000_contacts_with_up_to_250_messages_when_read_then_every_message_arrives_once() -> None:
    with account(conversas=FULL) as crm:
        run = Source(crm, CONVERSAS, num_workers=20).read("messages", "messages_history")

        assert run.exit_code == 0, run.log
        assert told(run) == held(crm)
        assert len(run.ids("messages")) == len(run.records("messages"))


def test_given_the_key_when_the_history_is_read_then_its_pages_hold_all_messages_as_text() -> None:
    with account(conversas=SIZE) as crm:
        run = Source(crm, CONVERSAS).read("messages_history")

        assert run.exit_code == 0, run.log
        pages = run.records("messages_history")
        keys = Counter((page["customer_id"], page["page"]) for page in pages)
        assert max(keys.values()) == 1
        assert told_in_pages(run) == held(crm)


def test_given_no_key_when_everything_else_is_read_then_data_carries_the_ciphertext() -> None:
    others = tuple(stream for stream in RECORDS if stream != "messages")
    with account(conversas=SIZE) as crm:
        source = Source(crm, CONVERSAS, private_key_jwk=None)

        run = source.read(*others)

        assert run.exit_code == 0, run.log
        assert run.outcomes == dict.fromkeys(others, "COMPLETE")
        pages = run.records("messages_history")
        assert {page["data"].count(".") for page in pages} == {4}
        assert {page["customer_id"] for page in pages} == {
            row["customer_id"] for row in crm.conversas_truth("messages")
        }
        assert run.ids("contacts") == CONVERSAS.ids(crm, "contacts")


def test_given_a_replaced_key_when_read_then_the_old_pages_stay_encrypted_and_one_warning_counts_them() -> None:
    with account(conversas=SIZE, conversas_kid="share") as crm:
        old = crm.conversas_ids("old_key")

        run = Source(crm, CONVERSAS).read("messages", "messages_history")

        assert run.exit_code == 0, run.log
        assert told(run) == held(crm, without=old)
        encrypted = {page["customer_id"] for page in run.records("messages_history") if page["data"].startswith("eyJ")}
        assert encrypted == old & {row["customer_id"] for row in crm.conversas_truth("messages")}
        for stream in ("messages", "messages_history"):
            warned = [line for line in run.log_lines("WARN") if line.startswith(f"{stream}:")]
            assert len([line for line in warned if "kid" in line]) == 1
            assert len([line for line in warned if "could not be decrypted" in line]) == 1


def test_given_a_jwks_with_both_keys_when_read_then_the_history_of_the_old_one_is_there_too() -> None:
    with account(conversas=SIZE, conversas_kid="share") as crm:
        run = Source(crm, CONVERSAS, private_key_jwk=json.dumps(crm.conversas_keys()["jwks"])).read("messages")

        assert run.exit_code == 0, run.log
        assert told(run) == held(crm)
        assert run.log_lines("WARN") == []


@pytest.mark.parametrize("malformed", ["truncated", "no_json"])
def test_given_pages_that_are_no_json_when_read_then_their_text_is_kept_and_the_other_messages_arrive(
    malformed: str,
) -> None:
    with account(conversas=SIZE, conversas_malformed=malformed) as crm:
        spoiled = crm.conversas_ids("spoiled")

        run = Source(crm, CONVERSAS).read("messages", "messages_history")

        assert run.exit_code == 0, run.log
        assert held(crm, without=spoiled) - told(run) == Counter()
        pages = [page for page in run.records("messages_history") if page["customer_id"] in spoiled]
        assert pages
        assert not any(page["data"].startswith("eyJ") for page in pages)
        assert [line for line in run.log_lines("WARN") if line.startswith("messages:")]


def test_given_messages_that_arrive_during_the_walk_when_read_then_none_is_lost_and_none_comes_twice() -> None:
    with account(
        conversas=ConversasSize(contacts=12, messages_per_contact=250, reports=1), conversas_new_message_every=2
    ) as crm:
        before = held(crm)

        run = Source(crm, CONVERSAS).read("messages")

        assert run.exit_code == 0, run.log
        assert before - told(run) == Counter()
        assert told(run) - held(crm) == Counter()
        assert len(run.ids("messages")) == len(run.records("messages"))
