"""The report's page over tables as a customer may have them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from demo.report.__main__ import main
from warehouse import Tables, write_tables

NOW = "2026-12-01 01:30:00"  # still November in São Paulo
WON = {"status": "won", "closed_at": "2026-11-10 12:00:00", "created_at": "2026-11-01 12:00:00", "total_price": 10.0}


def drawn(folder: Path, tables: Tables, schema: str = "main") -> str:
    """Return the page's Portuguese half, as text with its tags."""
    assert main([str(write_tables(folder / "account.duckdb", tables, NOW, schema))]) == 0
    page = (folder / "account.html").read_text(encoding="utf-8")
    return page[page.index('<article lang="pt-BR">') : page.index('<article lang="en">')]


def section(page: str, title: str) -> str:
    """Return the texts of a section, one a line."""
    found = next(part for part in page.split("<section")[1:] if f">{title}</h2>" in part)
    return unescape(re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]+>", "\n", found)))


def deals(count: int = 1, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": f"d{number}", **WON, **fields} for number in range(count)]


def test_deals_alone_are_told_from_other_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = drawn(
        tmp_path, {"deals": deals(owner_id="u1"), "contacts": [{"id": "c"}], "users": [{"id": "u1", "name": "Bia"}]}
    )

    assert "Bia" in section(page, "Vendedores")
    assert "não foram sincronizados: pipelines, stages, lost_reasons." in page
    assert "not synced: pipelines, stages, lost_reasons." in capsys.readouterr().out


def test_api_v1_without_details_says_so(tmp_path: Path) -> None:
    assert "deals_details" in drawn(tmp_path, {"deals": [{"id": "d", "win": True}], "users": [{"id": "u"}]})


def test_tables_of_another_schema_are_no_empty_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_tables(tmp_path / "account.duckdb", {"deals": deals(), "stages": []}, NOW, "other")

    assert main([str(path)]) == 1

    assert "holds no tables of RD Station" in capsys.readouterr().err


def test_a_seller_without_a_name_goes_by_the_id(tmp_path: Path) -> None:
    page = drawn(
        tmp_path, {"deals": [*deals(owner_id="gone"), {**deals()[0], "id": "d9", "owner_id": None}], "users": []}
    )

    lines = section(page, "Vendedores").splitlines()
    assert lines.count("gone") == 2  # in the chart and in the table
    assert lines.count("(não informado)") == 2


def test_a_name_is_shown_whole_and_as_text(tmp_path: Path) -> None:
    name = '<img src=x onerror="alert(1)">' + "Ana Beatriz " * 15
    page = drawn(tmp_path, {"deals": deals(owner_id="u"), "users": [{"id": "u", "name": name}]})

    assert "<img" not in page
    assert section(page, "Vendedores").count(name.strip()) == 2


def test_the_chart_says_what_it_leaves_to_the_table(tmp_path: Path) -> None:
    page = drawn(tmp_path, {"deals": [{**deal, "owner_id": deal["id"]} for deal in deals(40)]})

    assert "mais 25 na tabela" in section(page, "Vendedores")


def test_no_month_of_the_forecast_is_left_out(tmp_path: Path) -> None:
    months = [f"20{year}-{month:02}-01" for year in (27, 28) for month in range(1, 13)]
    coming = [{"id": day or "undated", "status": "ongoing", "expected_close_date": day} for day in [*months, None]]

    assert section(drawn(tmp_path, {"deals": coming}), "Previsão").splitlines().count("Sem data") == 2


def test_the_last_month_is_that_of_sao_paulo(tmp_path: Path) -> None:
    page = drawn(tmp_path, {"deals": deals()})

    assert "30 nov 2026, 22:30 (São Paulo)" in page
    assert "nov 2026" in section(page, "Valor ganho por mês")
    assert "dez 2026" not in page


def test_an_empty_account_has_its_page(tmp_path: Path) -> None:
    page = drawn(tmp_path, {"deals": [], "stages": []})

    assert page.count("Ainda não há dados.") == 6


def test_amounts_that_are_none_or_negative_are_drawn(tmp_path: Path) -> None:
    odd = [{**deal, "total_price": price} for deal, price in zip(deals(3), (None, -5.5, 2.25), strict=True)]

    page = drawn(tmp_path, {"deals": odd})

    assert "R$\N{NO-BREAK SPACE}-3,25" in section(page, "Vendedores")
    assert not re.search(r'width="-|height="-|nan', page)


STAGES = [{"id": "s", "name": "Proposta", "order": 1, "pipeline_id": "p"}]


def test_time_in_stage_comes_from_api_v2_where_v1_has_no_history(tmp_path: Path) -> None:
    moved = [*deals(stage_id="first"), *deals(stage_id="s", updated_at="2026-11-10 12:00:00")]
    moved[0]["updated_at"] = "2026-11-02 12:00:00"
    newer = write_tables(tmp_path / "v2.duckdb", {"deals": moved, "stages": STAGES}, NOW)
    older = write_tables(tmp_path / "v1.duckdb", {"deals": [{"id": "d0", "win": True}]}, NOW)

    assert main([str(newer), str(older)]) == 0

    assert "0,0 dias" in section((tmp_path / "v2.html").read_text(encoding="utf-8"), "Tempo em cada etapa")


def test_one_version_of_each_deal_tells_no_time_in_stage(tmp_path: Path) -> None:
    page = drawn(tmp_path, {"deals": deals(stage_id="s"), "stages": STAGES})

    shown = section(page, "Tempo em cada etapa")
    assert "Não é possível saber" in shown
    assert "dias\n" not in shown


def test_a_section_names_the_stream_that_was_not_synced(tmp_path: Path) -> None:
    attended = [{"id": "r", "created_at": "2026-11-10 12:00:00", "tme": {"value": 30}}]

    page = drawn(tmp_path, {"reports": attended})

    shown = section(page, "Tempo de resposta")
    assert "O fluxo messages não foi sincronizado." in shown
    assert "nov" not in shown
    assert "não foi sincronizado" not in section(page, "Atendimentos por atendente")


def test_without_the_details_of_api_v1_each_section_says_so(tmp_path: Path) -> None:
    page = drawn(tmp_path, {"deals": [{"id": "d", "win": True}], "users": [{"id": "u"}]})

    assert page.count("O fluxo deals_details não foi sincronizado.") == 6
