from __future__ import annotations

from typing import Any

import pytest

from .conversas_api import EVERYTHING, CallerConversas

PATH = "v2/messages/history"
SERVED = ("sent_by", "content", "created_at", "status", "is_reply", "is_template_message")


def shown(message: dict[str, Any]) -> dict[str, Any]:
    """What of a message of the truth is served."""
    return {name: message[name] for name in SERVED}


@pytest.fixture
def utf8(conversas: CallerConversas) -> CallerConversas:
    """Pages that are sound JSON."""
    conversas.crm.settings(conversas_plaintext="utf-8")
    return conversas


def test_given_everything_asked_for_then_every_message_once_newest_first(utf8: CallerConversas) -> None:
    customer, truth = utf8.longest()

    found: list[dict[str, Any]] = []
    page = 1
    while rows := utf8.page(customer, page=page, limit=7):
        found, page = found + rows, page + 1

    assert found == [shown(message) for message in truth]
    assert [row["created_at"] for row in found] == sorted((row["created_at"] for row in found), reverse=True)
    assert utf8.crm.requests()[-1]["rows"] == 0


def test_the_defaults_hide_data(utf8: CallerConversas) -> None:
    customer, before = utf8.longest()
    new = utf8.crm.conversas_add_messages(customer, content="agora", count=2)
    utf8.crm.conversas_add_messages(customer, content="robô", sent_by="bot")
    utf8.crm.conversas_add_messages(customer, content="áudio", type="audio")
    utf8.crm.conversas_add_messages(customer, content="carta", channel="email")
    hidden = dict.fromkeys(("type", "channel", "sent_by", "start_date", "limit"))

    found = utf8.page(customer, **hidden)

    assert [row["content"] for row in found] == ["agora", "agora"]
    assert len(new) == len(before) + 2
    assert {row["content"] for row in utf8.page(customer)} >= {"agora", "robô", "áudio", "carta"}


def test_the_default_limit_is_15(utf8: CallerConversas) -> None:
    customer, truth = utf8.longest()

    assert utf8.page(customer, limit=None) == [shown(message) for message in truth[:15]]


def test_given_a_comma_list_then_an_empty_page(utf8: CallerConversas) -> None:
    customer, _ = utf8.longest()

    assert utf8.page(customer, type="text,audio") == []
    assert utf8.page(customer, type=["text"]) != []


def test_given_dates_then_days_are_inclusive(utf8: CallerConversas) -> None:
    customer, truth = utf8.longest()
    utf8.crm.settings(conversas_day_tz="UTC")
    day = truth[0]["created_at"][:10]

    found = utf8.page(customer, start_date=day, end_date=day)

    assert found == [shown(message) for message in truth if message["created_at"][:10] == day]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"limit": 101}, "limit"), ({"page": 0}, "page"), ({"start_date": "x"}, "start_date"), ({}, "customer_id")],
)
def test_given_wrong_parameters_then_400_names_them(
    conversas: CallerConversas, query: dict[str, Any], field: str
) -> None:
    customer = {"customer_id": min(conversas.crm.conversas_ids("customers"))} if query else {}

    answer = conversas.get(PATH, **customer, **query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_given_a_range_limit_then_wider_windows_are_refused(conversas: CallerConversas) -> None:
    customer = min(conversas.crm.conversas_ids("customers"))
    conversas.crm.settings(conversas_history_range=90)

    wide = conversas.get(PATH, customer_id=customer, start_date="2026-01-01", end_date="2026-04-01")
    narrow = conversas.get(PATH, customer_id=customer, start_date="2026-01-01", end_date="2026-03-31")

    assert (wide.status_code, narrow.status_code) == (400, 200)


def test_given_contacts_without_history_then_404(conversas: CallerConversas) -> None:
    deleted = max(conversas.crm.conversas_ids("customers"))
    conversas.crm.conversas_delete("customers", deleted)
    conversas.crm.settings(conversas_gone=2)
    gone = conversas.crm.conversas_ids("gone")

    answers = [conversas.get(PATH, customer_id=id_) for id_ in [*gone, deleted, "0" * 24]]

    assert len(gone) == 2
    assert gone <= conversas.crm.conversas_ids("customers")
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, '{"error":"Customer not found"}')}
    assert not gone & {message["customer_id"] for message in conversas.crm.conversas_truth("messages")}


def test_given_a_new_message_at_each_call_then_older_ones_move_on_and_none_is_lost(utf8: CallerConversas) -> None:
    customer, truth = utf8.longest()
    utf8.crm.settings(conversas_new_message_every=2)

    found: list[dict[str, Any]] = []
    for page in range(1, len(truth) // 3):
        found += utf8.page(customer, page=page, limit=9)

    missing = [message for message in truth if shown(message) not in found]
    assert missing == []
    assert len(found) > len(truth)
    assert len(utf8.crm.conversas_truth("messages", customer_id=customer)) > len(truth)


def test_given_an_ignored_page_then_the_newest_for_ever(utf8: CallerConversas) -> None:
    customer, _ = utf8.longest()
    utf8.crm.settings(conversas_ignore_page=["messages_history"])

    assert utf8.page(customer, page=1, limit=5) == utf8.page(customer, page=50, limit=5) != []


def test_given_the_channel_switch_then_messages_name_it(utf8: CallerConversas) -> None:
    customer, truth = utf8.longest()
    utf8.crm.settings(conversas_message_channel=True)

    assert [row["channel"] for row in utf8.page(customer)] == [message["channel"] for message in truth]


def test_equal_seeds_talk_alike_and_the_truth_is_whole(conversas: CallerConversas) -> None:
    first, again = (conversas.crm.conversas_truth("messages") for _ in range(2))

    assert first == again
    assert {message["type"] for message in first} >= {"text", "audio", "document", "location"}
    assert {message["channel"] for message in first} >= set(EVERYTHING["channel"][:3])
    assert sum(message["content"] != message["cut"] for message in first) > len(first) / 5
    assert len({tuple(map(str, message.values())) for message in first}) < len(first)  # twins
