from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pytest

from demo.report.__main__ import main
from demo.report.figures import Figures, collect
from demo.report.models import CONVERSAS as CONVERSAS_TABLES
from demo.report.models import V1 as V1_TABLES
from demo.report.models import V2 as V2_TABLES
from demo.report.models import Models
from harness import CONVERSAS, V1, V2, AccountSize, ConversasSize, Emulator, Source, account
from warehouse import store

SIZE = AccountSize(contacts=30, deals=120, organizations=20, tasks=5)
TALKS = ConversasSize(contacts=8, messages_per_contact=40, reports=60)
SAO_PAULO = timezone(timedelta(hours=-3))
ARRIVED = "2026-11-30T12:00:00Z"
V1_STREAMS = (
    "deals_details", "deal_stages", "deal_pipelines", "users", "custom_fields", "reasons_for_loss", "campaigns",
    "deal_sources", "deal_contacts", "contacts",
)  # fmt: skip
CONVERSAS_STREAMS = ("reports", "messages", "contacts", "employees", "campaigns")
# slug -> label, value as written, value as read
FIELDS: Mapping[str, tuple[str, Any, Any]] = {
    "2a-via": ("2ª via", "sim", "sim"),
    "razão-social": ("Razão social", "Padaria Aurora", "Padaria Aurora"),
    "valor-do-frete": ("Valor do frete", "R$ 1.234,56", Decimal("1234.56")),
}
COLUMNS = {"2a-via": "cf_2a_via", "razão-social": "cf_razao_social", "valor-do-frete": "cf_valor_do_frete"}


class Account:
    """An account, and the files that hold it."""

    def __init__(self, crm: Emulator, files: Mapping[str, Path]) -> None:
        self.crm = crm
        self.files = dict(files)
        self.deals: list[dict[str, Any]] = crm.truth("deals")

    def of(self, status: str) -> list[dict[str, Any]]:
        return [deal for deal in self.deals if deal["status"] == status]

    @property
    def open(self) -> list[dict[str, Any]]:
        return self.of("ongoing") + self.of("paused")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("report")
    files = {name: folder / f"{name}.duckdb" for name in (V2_TABLES, V1_TABLES, CONVERSAS_TABLES)}
    with account(SIZE, conversas=TALKS) as crm:
        for slug, (label, _, _) in FIELDS.items():
            crm.create("custom_fields", {"slug": slug, "name": label, "type": "text", "entity": "deal"})
        edited, *_, undated, late = sorted(crm.ids("deals"))
        crm.edit("deals", late, status="won", one_time_price=10_000, closed_at="2026-02-01T01:30:00.000Z")
        crm.edit(
            "deals", undated, status="won", one_time_price=500, closed_at=None, updated_at="2026-04-01T02:00:00.000Z"
        )
        crm.edit("deals", edited, custom_fields={slug: written for slug, (_, written, _) in FIELDS.items()})
        store(Source(crm, V2), files[V2_TABLES], ARRIVED)
        store(Source(crm, V1), files[V1_TABLES], ARRIVED, V1_STREAMS)
        store(Source(crm, CONVERSAS), files[CONVERSAS_TABLES], ARRIVED, CONVERSAS_STREAMS)
        yield Account(crm, files)


@pytest.fixture(scope="module")
def figures(filled: Account) -> Figures:
    return collect(filled.files)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def month_of(deal: Mapping[str, Any]) -> str:
    return f"{moment(deal['closed_at'] or deal['updated_at']).astimezone(SAO_PAULO):%Y-%m-01}"


def worth(deals: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(str(deal["total_price"])) for deal in deals), Decimal(0))


def grouped(deals: list[dict[str, Any]], key: Callable[[dict[str, Any]], Any]) -> dict[Any, list[dict[str, Any]]]:
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for deal in deals:
        groups[key(deal)].append(deal)
    return groups


def test_key_figures_are_those_of_the_account(filled: Account, figures: Figures) -> None:
    won, lost = filled.of("won"), filled.of("lost")

    assert figures.key_figures is not None
    assert figures.key_figures["won_deals"] == len(won) > 0
    assert figures.key_figures["won_value"] == worth(won)
    assert (figures.key_figures["open_deals"], figures.key_figures["open_value"]) == (
        len(filled.open),
        worth(filled.open),
    )
    assert figures.key_figures["win_rate"] == pytest.approx(len(won) / (len(won) + len(lost)))


def test_value_won_by_month_counts_days_of_sao_paulo(filled: Account, figures: Figures) -> None:
    truth = {month: (len(deals), worth(deals)) for month, deals in grouped(filled.of("won"), month_of).items()}

    assert {str(row["month"]): (row["deals"], row["value"]) for row in figures.won_by_month} == truth
    undated = [deal["updated_at"] for deal in filled.of("won") if deal["closed_at"] is None]
    assert undated == ["2026-04-01T02:00:00.000Z"]


def test_funnel_counts_who_reached_each_stage(filled: Account, figures: Figures) -> None:
    stages = {
        stage["id"]: {**stage, "pipeline_id": pipeline}
        for pipeline, below in filled.crm.truth("stages").items()
        for stage in below
    }
    reached: Counter[str] = Counter()
    for deal in filled.deals:
        for id_, stage in stages.items():
            if stage["pipeline_id"] == deal["pipeline_id"]:
                place = stages[deal["stage_id"]]["order"] if deal["stage_id"] else -1
                reached[id_] += deal["status"] == "won" or place >= stage["order"]

    assert {row["stage_id"]: row["reached"] for row in figures.funnel} == dict(reached)


def test_lost_reasons_and_sellers_are_those_of_the_account(filled: Account, figures: Figures) -> None:
    names = {row["id"]: row["name"] for row in filled.crm.truth("lost_reasons")}
    lost = Counter(names.get(deal["lost_reason_id"] or "") for deal in filled.of("lost"))
    won = grouped(filled.of("won"), lambda deal: deal["owner_id"])

    assert {row["lost_reason_name"]: row["deals"] for row in figures.lost_reasons} == dict(lost)
    assert {row["owner_id"]: row["won_value"] for row in figures.sellers if row["won_value"]} == {
        owner: worth(deals) for owner, deals in won.items() if worth(deals)
    }


def test_forecast_holds_the_open_deals(filled: Account, figures: Figures) -> None:
    truth = grouped(filled.open, lambda deal: (deal["expected_close_date"] or "")[:7])
    found: Counter[str] = Counter()
    for row in figures.forecast:
        found[str(row["month"] or "")[:7]] += row["deals"]

    assert dict(found) == {month: len(deals) for month, deals in truth.items()}


def test_time_in_stage_comes_from_the_history_of_api_v1(filled: Account) -> None:
    visits = Counter(
        visit["deal_stage_id"]
        for deal in filled.crm.truth("deal_details", api="v1")
        for visit in deal["deal_stage_histories"]
    )

    found = collect(filled.files)

    assert found.stages_were_seen
    assert {row["stage_id"]: row["visits"] for row in found.time_in_stage} == dict(visits)


def test_both_apis_say_the_same_of_the_deals(filled: Account) -> None:
    only_v1 = collect({V1_TABLES: filled.files[V1_TABLES]})
    only_v2 = collect({V2_TABLES: filled.files[V2_TABLES]})

    assert only_v1.key_figures == pytest.approx(only_v2.key_figures)
    assert only_v1.won_by_month == only_v2.won_by_month
    assert only_v1.forecast == only_v2.forecast
    assert only_v1.funnel == only_v2.funnel
    assert not only_v2.stages_were_seen


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_custom_fields_are_columns_whatever_they_are_called(filled: Account, api: str) -> None:
    money = ["valor-do-frete", "Valor do frete"]
    with Models(filled.files, rdstation_api=api, rdstation_money_fields=money) as models:
        deals = {row["deal_id"]: row for row in models.rows("select * from {{ ref('rdstation__deals') }}")}

    edited = deals[min(filled.crm.ids("deals"))]
    assert {slug: edited[COLUMNS[slug]] for slug in FIELDS} == {slug: value for slug, (_, _, value) in FIELDS.items()}
    for deal in filled.deals:
        values = deal["custom_fields"] or {}
        day = values.get("data-da-visita")
        assert deals[deal["id"]]["cf_data_da_visita"] == (date(*map(int, reversed(day.split("/")))) if day else None)
        assert deals[deal["id"]]["cf_canais"] == (", ".join(values.get("canais") or []) or None)


def test_first_responses_are_those_of_the_messages(filled: Account, figures: Figures) -> None:
    seconds: list[float] = []
    by_contact = grouped(filled.crm.conversas_truth("messages"), lambda message: message["customer_id"])
    for messages in by_contact.values():
        people = [one for one in messages if one["sent_by"] in ("customer", "operator")]
        people.sort(key=lambda one: moment(one["created_at"]))
        before = None
        for place, message in enumerate(people):
            at = moment(message["created_at"])
            silent = before is None or at - moment(before["created_at"]) > timedelta(hours=24)
            if message["sent_by"] == "customer" and silent:
                answers = [one for one in people[place + 1 :] if one["sent_by"] == "operator"]
                if answers:
                    seconds.append((moment(answers[0]["created_at"]) - at).total_seconds())
            before = message

    assert figures.conversas is not None
    assert figures.conversas["answered"] == len(seconds) > 0
    assert figures.conversas["median_first_response_seconds"] == pytest.approx(median(seconds))


def test_attendances_are_counted_by_employee(filled: Account, figures: Figures) -> None:
    reports = filled.crm.conversas_truth("reports")
    truth = Counter((report.get("employee") or {}).get("id") for report in reports)

    assert {row["employee_id"]: row["attendances"] for row in figures.employees} == dict(truth)


def test_campaigns_are_counted_as_conversas_does(filled: Account) -> None:
    # The emulator's list shows no figures: what the source read of each campaign's detail is compared.
    truth = {row["id"]: row for row in Source(filled.crm, CONVERSAS).read("campaigns").records("campaigns")}

    with Models(filled.files) as models:
        found = {row["campaign_id"]: row for row in models.rows("from {{ ref('rdstation_conversas__campaigns') }}")}

    assert found.keys() == truth.keys() == filled.crm.conversas_ids("campaigns")
    for id_, campaign in truth.items():
        stats = campaign["stats"]
        assert (found[id_]["sent"], found[id_]["opened"]) == (stats["success"], stats["read"])
        assert found[id_]["opened_part"] == pytest.approx(stats["read"] / stats["success"])


def test_deals_of_api_v1_name_a_contact(filled: Account) -> None:
    names = {contact["id"]: contact["name"] for contact in filled.crm.truth("contacts")}

    with Models(filled.files, rdstation_api="v1") as models:
        found = {row["deal_id"]: row["contact_name"] for row in models.rows("from {{ ref('rdstation__deals') }}")}

    assert any(found.values())
    assert found == {
        deal["id"]: names[min(deal["contact_ids"])] if deal["contact_ids"] else None for deal in filled.deals
    }


class Page(HTMLParser):
    """What a reader without eyes has of a page: its languages, headings and the texts of its pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.languages: list[str] = []
        self.headings: Counter[str] = Counter()
        self.pictures: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.headings[tag] += 1
        if tag == "article":
            self.languages.append(given["lang"] or "")
        if tag == "svg" and "aria-hidden" not in given:
            self.pictures.append(given["aria-label"] or "")
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_loads_nothing_and_says_all_in_both_languages(filled: Account, tmp_path: Path) -> None:
    out = tmp_path / "page.html"

    assert main([*map(str, filled.files.values()), "--out", str(out)]) == 0

    text = out.read_text(encoding="utf-8")
    page = Page(text)
    assert page.languages == ["pt-BR", "en"]
    assert page.addresses == []
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert page.headings["h2"] == page.headings["table"] == 16
    assert len(page.pictures) == 4
    assert all(page.pictures)
    won = worth(filled.of("won"))
    assert f"R$\N{NO-BREAK SPACE}{won:,.2f}" in text
    assert f"R$\N{NO-BREAK SPACE}{won:,.2f}".translate(str.maketrans(",.", ".,")) in text


def test_a_name_with_markup_stays_text(tmp_path: Path) -> None:
    with account(AccountSize(deals=3, contacts=1, organizations=1, tasks=1)) as crm:
        crm.edit("deals", min(crm.ids("deals")), status="lost", lost_reason_id=min(crm.ids("lost_reasons")))
        for reason in crm.ids("lost_reasons"):
            crm.edit("lost_reasons", reason, name="<script>alert(1)</script>")
        store(Source(crm, V2), tmp_path / "a.duckdb", ARRIVED)

    assert main([str(tmp_path / "a.duckdb")]) == 0

    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in text
    assert "<script" not in text


def test_a_part_of_the_streams_gives_a_part_of_the_report(tmp_path: Path) -> None:
    with account(AccountSize(deals=5, contacts=1, organizations=1, tasks=1)) as crm:
        store(Source(crm, V2), tmp_path / "a.duckdb", ARRIVED, ["deals", "pipelines"])
        truth = crm.truth("deals")

    found = collect({V2_TABLES: tmp_path / "a.duckdb"})

    assert found.key_figures is not None
    assert found.key_figures["deals"] == len(truth)
    assert found.funnel == []
    assert main([str(tmp_path / "a.duckdb")]) == 0


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        pytest.param(["missing.duckdb"], "is not here", id="missing"),
        pytest.param(["text.duckdb"], "report failed", id="no-duckdb-file"),
        pytest.param(["empty.duckdb"], "holds no tables of RD Station", id="other-tables"),
        pytest.param(["odd.duckdb"], "DuckDB: ConversionException", id="other-types"),
    ],
)
def test_a_file_that_is_none_ends_with_a_sentence(
    files: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.duckdb").write_text("no database", encoding="utf-8")
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    with duckdb.connect(str(tmp_path / "odd.duckdb")) as db:
        db.execute("CREATE TABLE deals (id VARCHAR, rating VARCHAR); CREATE TABLE stages (id VARCHAR)")
        db.execute("INSERT INTO deals VALUES ('a', 'Ana Exemplo')")

    assert main([str(tmp_path / name) for name in files]) == 1

    said = capsys.readouterr().err
    assert sentence in said
    assert "Ana" not in said
    assert not list(tmp_path.glob("*.html"))


def test_the_same_file_twice_is_refused(filled: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(filled.files[V2_TABLES])] * 2) == 1

    assert "hold the same API's tables" in capsys.readouterr().err
