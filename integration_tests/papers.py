"""Writes what papers and catalogs say of the streams, from the tables of the streams: `make papers`.

`papers()` gives each file with the text that it should have; test_papers.py fails where a file is stale.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import agent_papers
import unknowns
from fields import SchemaFolder
from source_rdstation_conversas import table_conversas as conversas
from source_rdstation_crm.v1 import table_v1 as v1
from source_rdstation_crm.v2 import table_v2 as v2

__all__ = ["APIS", "Api", "papers"]

ROOT = Path(__file__).resolve().parents[1]
WHOLE = "whole"
REMARKS = {
    "attendances_reviews_average": "; `data` is the whole answer as JSON text",
    "contacts_origin": "; a record a day and origin; `data` is its whole item as JSON text",
    "messages": "; `id` is a hash, as the API gives none",
    "messages_history": "; a record a page: `data` is its JSON as text, or the ciphertext",
    "whatsapp_integrations": "; `data` is the whole item as JSON text",
    "workflows": "; `stages` as JSON text",
}
"""What is to be said of one stream alone."""


@dataclass(frozen=True)
class Api:
    """The streams of one API, where they are described, and how."""

    table: Iterable[Any]
    root: str
    """How its endpoints begin, where all begin alike."""
    page: str
    """The page of its connector, below docs/integrations/sources."""
    heading: str
    """The heading in that page."""
    portuguese_heading: str
    """The heading in the Portuguese page of the same name."""
    catalog: str
    """The configured catalog, from the root."""
    skill: str
    """The heading in SKILL.md above its table."""
    schemas: SchemaFolder
    how_read: Callable[[Any], str]
    """How a stream is read, in words."""
    endpoint: Callable[[Any], str] = lambda spec: str(spec.path)

    def rows(self, *columns: Callable[[Any], str]) -> str:
        """The lines of a table in Markdown: a line a stream, beginning with its name."""
        cells = [(spec.name, *(column(spec) for column in columns)) for spec in self.table]
        return "".join("".join(f"| {cell} " if cell else "| " for cell in row) + "|\n" for row in cells)


def _of_v2(spec: v2.StreamSpec) -> str:
    own_key = f"; its key `{spec.id_field}` comes as `id`, too" if spec.id_field != "id" else ""
    deals = "a deal that has any" if spec.parent_filters else "a deal"
    return {
        "small_list": WHOLE + own_key,
        "keyset": "by key, in the order of creation; incremental: what changed since the cursor",
        "newest_first": "newest first, down to the cursor",
        "pipeline_children": "a request a pipeline; adds `pipeline_id`",
        "deal_children": f"a request {deals}; incremental: deals that changed since the cursor; "
        "adds `deal_id` and `deal_updated_at`",
    }[spec.kind]


def _of_v1(spec: v1.StreamSpec) -> str:
    below_deal = "a request a deal; incremental: deals that changed since the cursor"
    return {
        "small_list": WHOLE,
        "last_page_first": "from the last page to the first, in the order of creation; "
        "incremental: newest changes first",
        "pipeline_children": "a request a pipeline, every stage in full detail",
        "time_windows": "in windows of time that no wall cuts",
        "deal_details": below_deal,
        "deal_contacts": f"{below_deal}; adds `deal_id` and `deal_updated_at`",
    }[spec.kind]


def _of_conversas(spec: conversas.StreamSpec) -> str:
    visits = "two requests and more a contact"
    return {
        "small_list": f"{WHOLE}, {spec.page_size} a request" if spec.page_size else WHOLE,
        "messages": f"{visits}; incremental: first contacts with an attendance and new ones, all others in turn",
        "messages_history": f"{visits}, whole",
        "campaigns": "in windows of at most 89 days, then a request a campaign",
        "daily_figures": "a request a day"
        + (", or a day and department" if spec.by_department else "")
        + "; incremental: from the look-back on",
        "reports": f"attendances, in windows of at most 89 days, {spec.page_size} a request; "
        "incremental: from the look-back on",
    }[spec.kind]


def _endpoint_v2(spec: v2.StreamSpec) -> str:
    return spec.path.format(parent_id="{pipeline_id}" if spec.kind == "pipeline_children" else "{deal_id}")


def _endpoint_v1(spec: v1.StreamSpec) -> str:
    path = spec.path.format(parent_id="{id}")
    return path + {"pipeline_children": "?deal_pipeline_id=", "deal_details": "/{id}"}.get(spec.kind, "")


CRM, CRM_CATALOG = "rdstation-crm.md", "source-rdstation-crm/integration_tests/configured_catalog{}.json"
CRM_SCHEMAS = "source-rdstation-crm/source_rdstation_crm/schemas"
CONVERSAS_CATALOG = "source-rdstation-conversas/integration_tests/configured_catalog{}.json"
SKILL = ROOT / "skills" / "rdstation" / "SKILL.md"
V2 = Api(
    v2.STREAMS,
    root="/crm/v2",
    page=CRM,
    heading="### Streams over API v2",
    portuguese_heading="### Fluxos pela API v2",
    catalog=CRM_CATALOG.format(""),
    skill="## CRM, API v2",
    schemas=SchemaFolder(f"{CRM_SCHEMAS}/v2", "crm-v2.md", "RD Station CRM, API v2"),
    how_read=_of_v2,
    endpoint=_endpoint_v2,
)
V1 = Api(
    v1.STREAMS,
    root="/api/v1",
    page=CRM,
    heading="### Streams over API v1",
    portuguese_heading="### Fluxos pela API v1",
    catalog=CRM_CATALOG.format("_other"),
    skill="## CRM, API v1",
    schemas=SchemaFolder(f"{CRM_SCHEMAS}/v1", "crm-v1.md", "RD Station CRM, API v1"),
    how_read=_of_v1,
    endpoint=_endpoint_v1,
)
CONVERSAS = Api(
    conversas.STREAMS,
    root="",
    page="rdstation-conversas.md",
    heading="## Supported Streams",
    portuguese_heading="## Fluxos",
    catalog=CONVERSAS_CATALOG.format(""),
    skill="## Conversas",
    schemas=SchemaFolder(
        "source-rdstation-conversas/source_rdstation_conversas/schemas", "conversas.md", "RD Station Conversas"
    ),
    how_read=_of_conversas,
)
APIS = (V2, V1, CONVERSAS)


def papers() -> Mapping[Path, str]:
    """Each file that is written, wholly or in part, with the text it should have."""
    texts = {unknowns.PAGE: unknowns.page(), ROOT / CONVERSAS_CATALOG.format("_other"): _catalog(CONVERSAS)}
    for api in APIS:
        texts[ROOT / api.catalog] = _catalog(api)
        texts |= api.schemas.pages([spec.name for spec in api.table])
        page = Path("integrations", "sources", api.page)
        for paper, heading, table in (
            (ROOT / "docs" / page, api.heading, _table(api)),
            (ROOT / "docs" / "pt-BR" / page, api.portuguese_heading, _portuguese_table(api)),
            (SKILL, api.skill, _skill_table(api)),
        ):
            text = texts.get(paper) or paper.read_text(encoding="utf-8")
            texts[paper] = _with_table(text, heading, table)
    return {**texts, agent_papers.LLMS: agent_papers.llms(texts)}


def _table(api: Api) -> str:
    endpoint = f"Endpoint (`{api.root}`)" if api.root else "Endpoint"
    head = f"| Stream | Primary key | Cursor | {endpoint} | How it is read |\n| --- | --- | --- | --- | --- |\n"
    return head + api.rows(
        _key,
        _cursor,
        lambda spec: f"`{api.endpoint(spec)}`",  # as code: the registry's pages take a bare { for a program
        lambda spec: api.how_read(spec) + REMARKS.get(spec.name, ""),
    )


def _portuguese_table(api: Api) -> str:
    head = "| fluxo | chave primária | cursor | campos |\n| --- | --- | --- | --- |\n"
    return head + api.rows(_key, _cursor, lambda spec: f"[ver](../../fields/{api.schemas.page}#{spec.name})")


def _skill_table(api: Api) -> str:
    head = "| stream | primary key | each sync brings |\n|---|---|---|\n"
    return head + api.rows(_key, lambda spec: f"what changed, by `{spec.cursor}`" if spec.cursor else "everything")


def _with_table(text: str, heading: str, table: str) -> str:
    """The text with the first table of streams below the heading replaced."""
    before, found, rest = text.partition(f"\n{heading}\n")
    rest, replaced = re.subn(r"(?im)^\| (?:stream|fluxo) \|.*\n(?:\|.*\n)+", lambda _: table, rest, count=1)
    if not found or not replaced:
        raise ValueError(f"no table of streams stands below {heading!r}")
    return before + found + rest


def _catalog(api: Api) -> str:
    """A configured catalog with every stream, incremental and deduplicated where it can be; a line a stream."""
    lines = [f"    {json.dumps(_configured(spec))}" for spec in api.table]
    return '{\n  "streams": [\n' + ",\n".join(lines) + "\n  ]\n}\n"


def _configured(spec: Any) -> dict[str, Any]:
    key = [[field] for field in _fields(spec)]
    modes = ["full_refresh", "incremental"] if spec.cursor else ["full_refresh"]
    stream = {"name": spec.name, "json_schema": {}, "supported_sync_modes": modes, "source_defined_primary_key": key}
    configured = {"sync_mode": modes[-1], "destination_sync_mode": "overwrite", "primary_key": key}
    if spec.cursor:
        stream |= {"source_defined_cursor": True, "default_cursor_field": [spec.cursor]}
        configured |= {"destination_sync_mode": "append_dedup" if key else "append", "cursor_field": [spec.cursor]}
    return {"stream": stream, **configured}


def _fields(spec: Any) -> tuple[str, ...]:
    return (spec.primary_key,) if isinstance(spec.primary_key, str) else spec.primary_key


def _key(spec: Any) -> str:
    return ", ".join(_fields(spec))


def _cursor(spec: Any) -> str:
    return str(spec.cursor)


if __name__ == "__main__":
    for path, text in papers().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
