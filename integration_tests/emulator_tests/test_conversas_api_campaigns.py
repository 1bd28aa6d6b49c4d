from __future__ import annotations

from typing import Any

import pytest

from .conversas_api import CallerConversas

LIST = "v1/campaigns"


def detail(conversas: CallerConversas, id_: str) -> int:
    return conversas.get(f"{LIST}/{id_}").status_code


def test_given_pages_then_every_campaign_once(conversas: CallerConversas) -> None:
    truth = conversas.crm.conversas_truth("campaigns")

    pages = [conversas.body(LIST, page=page, limit=5) for page in (1, 2, 3, 4)]

    found = [row for page in pages for row in page["campaigns"]]
    assert sorted(found, key=lambda row: row["id"]) == sorted(truth, key=lambda row: row["id"])
    assert [page["has_more"] for page in pages] == [True, True, False, False]
    assert {page["total"] for page in pages} == {12}
    assert found[0].keys() == {"id", "title"}
    assert conversas.crm.conversas_ids("campaigns") == {row["id"] for row in found}


@pytest.mark.parametrize("has_more", ["exact", "always"])
@pytest.mark.parametrize("paged", [True, False])
def test_paged_and_has_more(conversas: CallerConversas, paged: bool, has_more: str) -> None:
    conversas.crm.settings(conversas_campaigns_paged=paged, conversas_campaigns_has_more=has_more)

    last = conversas.body(LIST, page=3, limit=5)

    assert len(last["campaigns"]) == (2 if paged else 12)
    assert last["has_more"] == (has_more == "always")


def test_given_a_list_without_counts_then_neither_is_there(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_campaigns_has_more="absent", conversas_campaigns_total=False)

    assert conversas.body(LIST).keys() == {"campaigns"}


def test_given_a_page_that_is_ignored_then_the_first_comes_again(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_ignore_page=["campaigns"])

    first, second = (conversas.body(LIST, page=page, limit=5) for page in (1, 2))

    assert first == second
    assert first["has_more"] is True


def test_campaigns_days_and_range(conversas: CallerConversas) -> None:
    def answer(end: str) -> tuple[int, int]:
        found = conversas.get(LIST, start_date="2020-01-01", end_date=end)
        return found.status_code, len(found.json().get("campaigns", []))

    conversas.crm.settings(conversas_campaigns_range=30)
    assert (answer("2020-01-30"), answer("2020-01-31")) == ((200, 0), (400, 0))
    conversas.crm.settings(conversas_campaigns_range=0, conversas_campaigns_days="ignored")
    assert answer("2020-01-31") == (200, 12)


def test_given_a_plan_that_lacks_the_address_then_404_in_plain_text(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_plan="404", conversas_plan_lists=["campaigns"])

    answer = conversas.get(LIST)

    assert (answer.status_code, answer.text) == (404, "Not Found")


def test_given_days_then_only_what_was_made_then(conversas: CallerConversas) -> None:
    made = conversas.crm.conversas_create("campaigns", {"title": "Nova"}, at="2026-10-10T12:00:00Z")[0]["id"]

    def titles(**query: str) -> list[str]:
        return [row["title"] for row in conversas.body(LIST, **query)["campaigns"]]

    assert titles(start_date="2026-10-10", end_date="2026-10-10") == ["Nova"]
    assert titles(start_date="2026-10-11") == []
    assert conversas.get(LIST, start_date="10/10/2026").status_code == 400
    assert conversas.get(LIST, start_date="2026-10-10", end_date="2026-10-09").status_code == 400
    conversas.crm.conversas_delete("campaigns", made)
    assert detail(conversas, made) == 404


@pytest.mark.parametrize("envelope", ["bare", "data"])
def test_campaign_envelope(conversas: CallerConversas, envelope: str) -> None:
    conversas.crm.settings(conversas_campaign_envelope=envelope)
    truth = {row["id"]: row for row in conversas.crm.conversas_truth("campaign_details")}
    id_ = min(truth)

    body = conversas.body(f"{LIST}/{id_}")

    assert (body if envelope == "bare" else body["data"]) == truth[id_]
    assert truth[id_].keys() == {"id", "title", "template", "total_customers", "stats", "segmentation"}
    assert truth[id_]["stats"].keys() == {"success", "read", "error"}
    conversas.crm.fault("missing_id", path=f"{LIST}/")
    spoiled = conversas.body(f"{LIST}/{id_}")
    assert "id" not in (spoiled if envelope == "bare" else spoiled["data"])


def test_given_segmentations_then_wallets_are_named_empty_or_absent(conversas: CallerConversas) -> None:
    filters = [row["segmentation"]["filters"] for row in conversas.crm.conversas_truth("campaign_details")]

    assert {str(len(found["wallets"])) if "wallets" in found else "absent" for found in filters} == {"0", "1", "absent"}


def test_campaign_flaky(conversas: CallerConversas) -> None:
    id_ = min(conversas.crm.conversas_ids("campaigns"))
    conversas.crm.settings(conversas_campaign_flaky=3)

    assert sorted(detail(conversas, id_) for _ in range(6)) == [200] * 4 + [500] * 2
    assert conversas.get(LIST).status_code == 200


def test_campaign_broken(conversas: CallerConversas) -> None:
    assert conversas.crm.conversas_ids("campaigns_broken") == set()
    conversas.crm.settings(conversas_campaign_broken=True)
    (broken,), (gone,) = conversas.crm.conversas_ids("campaigns_broken"), conversas.crm.conversas_ids("campaigns_gone")

    listed = {row["id"] for row in conversas.body(LIST)["campaigns"]}

    assert {broken, gone} <= listed
    assert [detail(conversas, broken) for _ in range(3)] == [500] * 3
    assert [detail(conversas, gone) for _ in range(3)] == [404] * 3
    assert {detail(conversas, id_) for id_ in listed - {broken, gone}} == {200}


@pytest.mark.parametrize(
    "path",
    [
        "v1/campaign/66f2000000000000000000c1",
        "v1/campaigns/66f2000000000000000000c1/stats",
        "v2/campaigns",
        "v4/campaigns",
        "v1/analytics/campaigns",
    ],
)
def test_given_a_path_that_does_not_exist_then_404_in_plain_text(conversas: CallerConversas, path: str) -> None:
    answer = conversas.get(path)

    assert (answer.status_code, answer.text) == (404, "Not Found")


def test_given_an_edit_then_the_stats_move(conversas: CallerConversas) -> None:
    id_ = min(conversas.crm.conversas_ids("campaigns"))
    stats: dict[str, Any] = {"success": 9, "read": 8, "error": 1}

    conversas.crm.conversas_edit("campaigns", id_, stats=stats)

    assert conversas.body(f"{LIST}/{id_}")["stats"] == stats


def test_other_traffic(conversas: CallerConversas) -> None:
    def served(seconds: int) -> int:
        """How many of our calls pass after so long a pause, the bucket empty before it."""
        while conversas.get("v2/flows").status_code == 200:
            pass
        conversas.crm.advance_clock(seconds)
        return sum(conversas.get("v2/flows").status_code == 200 for _ in range(20))

    conversas.crm.settings(conversas_bucket_burst=10, conversas_bucket_per_minute=6)
    alone = served(60)
    conversas.crm.settings(conversas_other_traffic=4)
    shared = served(60)
    conversas.crm.settings(conversas_other_traffic=6)

    assert (alone, shared, served(60)) == (6, 2, 0)
