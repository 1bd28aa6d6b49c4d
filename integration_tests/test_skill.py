"""The queries of skills/rdstation/SKILL.md answer its questions: each is run on an account's tables, and compared."""

from __future__ import annotations

import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from statistics import fmean, median
from typing import Any

import duckdb
import pytest
import yaml

from harness import CONVERSAS, V1, V2, AccountSize, ConversasSize, Emulator, Source, account
from warehouse import store

ROOT = Path(__file__).resolve().parents[1]
SKILL = (ROOT / "skills" / "rdstation" / "SKILL.md").read_text(encoding="utf-8")
SIZE = AccountSize(contacts=30, deals=90, organizations=5, tasks=5)
TALKS = ConversasSize(contacts=8, messages_per_contact=5, reports=60)
STREAMS = {
    V2: (
        "deals",
        "stages",
        "pipelines",
        "users",
        "lost_reasons",
        "sources",
        "custom_fields",
        "contacts",
        "organizations",
    ),
    V1: ("deals_details", "deal_stages"),
    CONVERSAS: ("reports", "messages"),
}
SAO_PAULO = timezone(timedelta(hours=-3))
ARRIVED, LATER = "2026-11-30T12:00:00Z", "2026-12-01T12:00:00Z"
Row = Mapping[str, Any]
Rows = list[tuple[Any, ...]]


def queries(heading: str) -> list[str]:
    """The SQL below a heading, up to the next one."""
    passage = re.split(r"(?m)^#+ ", SKILL.partition(f"# {heading}\n")[2])[0]
    return re.findall(r"(?ms)^ *```sql\n(.*?)^ *```", passage)


class Account:
    """An account, with the tables that hold it."""

    def __init__(self, crm: Emulator, folder: Path) -> None:
        self.crm = crm
        self.deals: list[dict[str, Any]] = crm.truth("deals")
        self.files = {api: folder / f"{api}.duckdb" for api in STREAMS}
        for api, streams in STREAMS.items():
            store(Source(crm, api), self.files[api], ARRIVED, streams)

    def ask(self, query: str) -> Rows:
        """What the one of its files says that has the tables."""
        is_conversas = "from reports" in query or "from messages" in query
        api = CONVERSAS if is_conversas else V1 if "from deals_details" in query else V2
        with duckdb.connect(str(self.files[api]), read_only=True) as db:
            return db.execute(query).fetchall()

    def names(self, list_: str) -> dict[str | None, str]:
        return {row["id"]: row["name"] for row in self.crm.truth(list_)}

    def of(self, *statuses: str) -> list[dict[str, Any]]:
        return [deal for deal in self.deals if deal["status"] in statuses]

    @property
    def open(self) -> list[dict[str, Any]]:
        return self.of("ongoing", "paused")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with account(SIZE, conversas=TALKS) as crm:
        undated, late, *_ = sorted(crm.ids("deals"))
        crm.edit("deals", late, status="won", one_time_price=10_000, closed_at="2026-02-01T01:30:00.000Z")
        crm.edit("deals", undated, status="won", closed_at=None, updated_at="2026-04-01T02:00:00.000Z")
        writer = min(crm.conversas_ids("customers"))
        for hour, sender in (
            (1, "customer"),
            (2, "bot"),
            (3, "customer"),
            (9, "bot"),
            (33, "customer"),
            (40, "operator"),
        ):
            at = datetime(2026, 8, 1, tzinfo=timezone.utc) + timedelta(hours=hour)
            crm.conversas_add_messages(writer, created_at=f"{at:%Y-%m-%dT%H:%M:%S.000Z}", sent_by=sender, content="Oi")
        yield Account(crm, tmp_path_factory.mktemp("skill"))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def by_first_columns(row: tuple[Any, ...]) -> str:
    return repr(row[:2])


def worth(deals: Iterable[Row]) -> Decimal:
    return sum((Decimal(str(deal["total_price"])) for deal in deals), Decimal(0))


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def month_of(text: str) -> date:
    return moment(text).astimezone(SAO_PAULO).date().replace(day=1)


def month_closed(deal: Row) -> date:
    return month_of(deal["closed_at"] or deal["updated_at"])


def won_by_month(truth: Account) -> Rows:
    return [(key, len(deals), worth(deals)) for key, deals in grouped(truth.of("won"), month_closed).items()]


def sellers(truth: Account) -> Rows:
    names = truth.names("users")
    rows: Rows = []
    for owner, deals in grouped(truth.deals, lambda deal: deal["owner_id"]).items():
        won, lost = ([deal for deal in deals if deal["status"] == status] for status in ("won", "lost"))
        rate = len(won) / (len(won) + len(lost)) if won or lost else None
        rows.append((owner, names.get(owner), len(won), len(lost), worth(won), rate))
    return rows


def open_by_stage(truth: Account) -> Rows:
    pipelines = truth.names("pipelines")
    stages = {
        stage["id"]: (pipelines[pipeline], stage["name"])
        for pipeline, below in truth.crm.truth("stages").items()
        for stage in below
    }
    by_stage = grouped(truth.open, lambda deal: deal["stage_id"])
    return [(stage, *stages[stage], len(deals), worth(deals)) for stage, deals in by_stage.items()]


def lost_reasons(truth: Account) -> Rows:
    names = truth.names("lost_reasons")
    by_reason = grouped(truth.of("lost"), lambda deal: deal["lost_reason_id"])
    return [(reason, names.get(reason), len(deals), worth(deals)) for reason, deals in by_reason.items()]


def lost_reasons_by_month(truth: Account) -> Rows:
    names = truth.names("lost_reasons")
    groups = grouped(truth.of("lost"), lambda deal: (month_closed(deal), deal["lost_reason_id"]))
    return [(month, reason, names.get(reason), len(deals), worth(deals)) for (month, reason), deals in groups.items()]


def forecast(truth: Account) -> Rows:
    def month(deal: Row) -> date | None:
        return date.fromisoformat(deal["expected_close_date"]).replace(day=1) if deal["expected_close_date"] else None

    return [(key, len(deals), worth(deals)) for key, deals in grouped(truth.open, month).items()]


def sources(truth: Account) -> Rows:
    names = truth.names("sources")
    rows: Rows = []
    for source, deals in grouped(truth.deals, lambda deal: deal["source_id"]).items():
        won = [deal for deal in deals if deal["status"] == "won"]
        rows.append((source, names.get(source), len(deals), len(won), worth(won)))
    return rows


def visits(truth: Account) -> Rows:
    days = [(deal["custom_fields"] or {}).get("data-da-visita") for deal in truth.deals]
    return list(Counter(datetime.strptime(day, "%d/%m/%Y").date().replace(day=1) for day in days if day).items())  # noqa: DTZ007 - a day has no zone


def whom_to_call(truth: Account) -> Rows:
    contacts = {row["id"]: row for row in truth.crm.truth("contacts")}
    rows = [
        (deal["id"], deal["name"], Decimal(str(deal["total_price"])), contacts[one]["name"], phone, one)
        for deal in truth.open
        for one in deal["contact_ids"] or []
        for phone in [(contacts[one]["phones"] or [{"phone": None}])[0]["phone"]]
    ]
    return [row[:-1] for row in sorted(rows, key=lambda row: (-row[2], row[0], row[-1]))[:10]]


def time_in_stage(truth: Account) -> Rows:
    names = {
        stage["id"]: stage["name"] for below in truth.crm.truth("deal_stages", api="v1").values() for stage in below
    }
    days: dict[str, list[float]] = defaultdict(list)
    for deal in truth.crm.truth("deal_details", api="v1"):
        for visit in deal["deal_stage_histories"]:
            if end := visit["end_date"] or deal["closed_at"]:
                stayed = moment(end) - moment(visit["start_date"])
                days[visit["deal_stage_id"]].append(stayed.total_seconds() / 86400)
    return [(stage, names[stage], len(stays), pytest.approx(median(stays))) for stage, stays in days.items()]


def service(truth: Account) -> Rows:
    rows: Rows = []
    reports = truth.crm.conversas_truth("reports")
    for id_, served in grouped(reports, lambda report: (report.get("employee") or {}).get("id")).items():
        waits = [float(wait) for one in served if (wait := (one.get("tme") or {}).get("value")) not in (None, "")]
        ratings = [one["level"] for one in served if one.get("level")]
        means = [pytest.approx(fmean(values)) if values else None for values in (waits, ratings)]
        name = next((one["employee"]["name"] for one in served if one.get("employee")), None)
        rows.append((id_, name, len(served), *means))
    return rows


def first_answers(truth: Account) -> Rows:
    minutes: dict[date, list[float | None]] = defaultdict(list)
    for talk in grouped(truth.crm.conversas_truth("messages"), lambda message: message["customer_id"]).values():
        people = sorted((moment(one["created_at"]), one["sent_by"]) for one in talk if one["sent_by"] != "bot")
        before: datetime | None = None
        for number, (at, sender) in enumerate(people):
            if sender == "customer" and (before is None or at - before > timedelta(hours=24)):
                answer = next((later for later, by in people[number + 1 :] if by == "operator"), None)
                month = at.astimezone(SAO_PAULO).date().replace(day=1)
                minutes[month].append((answer - at).total_seconds() / 60 if answer else None)
            before = at
    return [
        (month, len(waits), len(known), pytest.approx(median(known)) if known else None)
        for month, waits in minutes.items()
        for known in [[wait for wait in waits if wait is not None]]
    ]


ANSWERS: Mapping[str, Callable[[Account], Rows]] = {
    "What was won in each month?": won_by_month,
    "Who sells what, and what part of the decided deals is won?": sellers,
    "Where do the open deals stand?": open_by_stage,
    "Why are deals lost?": lost_reasons,
    "Which reasons for losing grow?": lost_reasons_by_month,
    "What is expected to close, and when?": forecast,
    "Which sources bring deals that are won?": sources,
    "How many deals have a visit in each month? (a custom field)": visits,
    "Whom to call about the biggest open deals?": whom_to_call,
    "How long do deals stay in each stage?": time_in_stage,
    "Who serves how many, and how long do customers wait?": service,
    "How long does a contact wait for the first answer?": first_answers,
}


def test_every_question_has_its_answer_here() -> None:
    assert re.findall(r"(?m)^### (.+)$", SKILL) == list(ANSWERS)


@pytest.mark.parametrize("question", ANSWERS)
def test_a_question_is_answered_as_the_account_would(filled: Account, question: str) -> None:
    truth = ANSWERS[question](filled)

    found = filled.ask(queries(question)[-1])

    assert truth
    assert sorted(found, key=by_first_columns) == sorted(truth, key=by_first_columns)


@pytest.mark.parametrize("question", ["What was won in each month?", "What is expected to close, and when?"])
@pytest.mark.parametrize("table", ["users", "sources", "organizations"])
def test_a_query_says_the_same_once_a_table_of_names_is_joined(filled: Account, question: str, table: str) -> None:
    (query,) = queries(question)
    joined = query.replace("from deals\n", f"from deals\nleft join {table} on {table}.id = deals.owner_id\n")

    assert joined != query
    assert filled.ask(joined) == filled.ask(query)


def test_a_column_of_api_v1_says_what_that_of_v2_says(filled: Account) -> None:
    pairs = re.findall(r"(?m)^\| `([^`]+)` \| `([^`]+)` \|$", SKILL.partition("\n## CRM, API v1\n")[2])

    by_v2, by_v1 = (
        filled.ask(f"select id, {', '.join(columns)} from {table} order by id")  # noqa: S608 - of a page of ours
        for columns, table in zip(zip(*pairs, strict=True), ("deals", "deals_details"), strict=True)
    )

    assert len(pairs) == 9
    assert all(any(column) for column in zip(*by_v2, strict=True))
    assert by_v1 == by_v2


def test_a_slug_is_found_by_its_label(filled: Account) -> None:
    slug, answer = queries("How many deals have a visit in each month? (a custom field)")

    found = filled.ask(slug)

    assert found == [("data-da-visita", "Data da visita", "date")]
    assert f'$."{found[0][0]}"' in answer


def test_a_row_that_a_later_sync_did_not_bring_is_told(tmp_path: Path) -> None:
    deletions, newest = queries("Traps")
    path = tmp_path / "a.duckdb"
    with account(AccountSize(deals=5, contacts=1, organizations=1, tasks=1)) as crm:
        store(Source(crm, V2), path, ARRIVED, ["lost_reasons", "deals"])
        gone, edited = min(crm.ids("lost_reasons")), min(crm.ids("deals"))
        crm.delete("lost_reasons", gone)
        crm.edit("deals", edited, name="Another name")
        store(Source(crm, V2), path, LATER, ["lost_reasons", "deals"])
        names = {deal["id"]: deal["name"] for deal in crm.truth("deals")}

    with duckdb.connect(str(path), read_only=True) as db:
        assert [id_ for id_, _ in db.execute(deletions).fetchall()] == [gone]
        assert len(db.sql("from deals").fetchall()) == 2 * len(names)
        versions = db.execute(f"select id, name from ({newest})").fetchall()  # noqa: S608 - of a page of ours
    assert dict(versions) == names
    assert len(versions) == len(names)


def test_the_setting_of_the_recipe_leaves_only_reading_of_that_file(filled: Account, tmp_path: Path) -> None:
    recipe = (ROOT / "docs" / "recipes" / "ask-your-data.md").read_text(encoding="utf-8")
    [entry] = re.findall(r"(?ms)^```yaml\n(.*?)^```", recipe)
    options = yaml.safe_load(entry)["mcpServers"]["rdstation"]["args"]
    secret = tmp_path / "tokens.json"
    secret.write_text("{}", encoding="utf-8")

    setting = options[options.index("--init-sql") + 1]
    with duckdb.connect(str(filled.files[V2]), read_only=True) as db, db.cursor() as at_the_same_time:
        db.execute(setting)
        at_the_same_time.execute(setting)
        for statement in (
            "delete from deals",
            f"copy deals to '{tmp_path / 'out.csv'}'",
            f"from read_text('{secret}')",
            f"attach '{tmp_path / 'other.duckdb'}' as other",
            "set enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                db.execute(statement)
        assert db.execute(queries("What was won in each month?")[0]).fetchall()

    assert [path.name for path in tmp_path.iterdir()] == [secret.name]


def test_a_file_without_persons_is_made_as_the_recipe_says(
    filled: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = (ROOT / "docs" / "recipes" / "ask-your-data.md").read_text(encoding="utf-8")
    [statements] = re.findall(r"(?ms)^```sql\n(.*?)^```", recipe)
    (tmp_path / "secrets").mkdir()
    shutil.copy(filled.files[V2], tmp_path / "secrets" / "account.duckdb")
    monkeypatch.chdir(tmp_path)

    for _ in range(2):
        with duckdb.connect() as db:
            db.execute(statements)

    with duckdb.connect("secrets/figures.duckdb", read_only=True) as db:
        assert len(db.execute(queries("Why are deals lost?")[0]).fetchall()) == len(lost_reasons(filled))
        won = db.execute(queries("Who sells what, and what part of the decided deals is won?")[0]).fetchall()
        assert {row[1] for row in won} == {row[1] for row in sellers(filled)}
        columns = {
            name for (name,) in db.execute("select column_name from duckdb_columns() where not internal").fetchall()
        }
    assert columns & {"contact_ids", "custom_fields", "emails", "phones"} == set()
