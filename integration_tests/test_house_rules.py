"""The house's own rules, executed: who may import whom, how long a file may be, what each stream has."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

from harness import CONVERSAS, V1, V2, VERSIONS, Version, discovered

ROOT = Path(__file__).parents[1]
SHARED = "airbyte_rdstation"
CONNECTORS = {
    name: ROOT / name.replace("_", "-") / name
    for name in ("source_rdstation_crm", "source_rdstation_conversas", "destination_rdstation_crm")
}
PACKAGES = {SHARED: ROOT / SHARED, **CONNECTORS}
MODULES = sorted(path for package in PACKAGES.values() for path in package.rglob("*.py"))
APIS = (*VERSIONS, CONVERSAS)
EDGE = {"requests", "urllib3", "airbyte_cdk"}
LONGEST_FILE = 400
LONGEST_MODULE, LONGEST_FUNCTION, MOST_FILES = 300, 40, 120  # of production code
SHEETS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "api").glob("*.md")}
PAPER = re.compile(r"\bdocs/[\w./-]+\.md\b")
CITATION = re.compile(r"(?<!fields/)\b((?:crm-v[12]|conversas)\.md)((?:(?:,\s|\sand\s|\sto\s)?#[a-z0-9-]+)+)")
OUTSIDE = re.compile("|".join(("contract" + r"\.md", "sha" + "red/", "§" + r"\d")))
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")))
SAME_IN_EACH_ROOM = {"__init__.py", "config.py", "run.py", "source.py"}
RETIRED = re.compile(  # docs/architecture.md#words has what is said instead
    r"(?<![a-z])(?:[Pp]atience|[Cc]rew|[Hh]andover|[Ss]hortfalls?|[Oo]pener|[Ss]ettlement|[Pp]ump|(?:Deal|Contact)Visits|"
    r"[Dd]esk(?:_\w+)?|[Bb]ackstage|RecordQueue|"
    r"Walk(?:ed|Error|State)|StageDesk|Numbered(?:State)?|SpanState|Windowed|LATE_VISIBILITY|resume_at|fall_short|was_read|"
    r"request_answered|read_(?:up|down)|top_page|step_back|(?:Up|Down)Batch|Offset(?:Cursor|Partitions|State)|client_v[12])\b"
)
INDEX_HOST = re.compile("|".join(("pypi" + r"\.org", "python" + r"hosted\.", "--(extra-)?" + "index-url")))


def committed() -> list[Path]:
    """Files that are or would be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(path for name in names if (path := ROOT / name).is_file())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def imported(path: Path) -> set[str]:
    """Dotted names of the modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            found.add(node.module or "")
    return found


def rooms(path: Path) -> set[str]:
    """Top-level packages that a file imports."""
    return {name.partition(".")[0] for name in imported(path)}


def is_pure(path: Path) -> bool:
    """Whether the module's docstring says so."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return bool(re.search(r"\bPure\b", docstring)) and path.name != "__init__.py"


def test_imports_point_one_way() -> None:
    tests = {"emulator", "harness", "unit_tests", "integration_tests"}
    wrong = {
        name_of(path): sorted(rooms(path) & (tests | foreign))
        for path in MODULES
        for foreign in [{name for name, folder in CONNECTORS.items() if folder not in path.parents}]
        if rooms(path) & (tests | foreign)
    }
    assert wrong == {}


def test_a_pure_room_reaches_neither_http_nor_the_cdk() -> None:
    files = {
        f"{package}.{module.relative_to(folder).with_suffix('').as_posix().replace('/', '.')}": module
        for package, folder in PACKAGES.items()
        for module in folder.rglob("*.py")
    }
    wrong = {}
    for path in filter(is_pure, MODULES):
        seen: set[Path] = set()
        due = [path]
        while due:
            current = due.pop()
            seen.add(current)
            if rooms(current) & EDGE:
                wrong[name_of(path)] = f"by way of {name_of(current)}"
            due += [files[name] for name in imported(current) if name in files and files[name] not in seen]
    assert wrong == {}


def test_some_rooms_are_pure() -> None:
    pure = {path.stem for path in MODULES if is_pure(path)}
    assert {"keyset", "rdql", "dates", "responses", "table_v1", "table_v2"} <= pure


def test_a_python_file_is_short_and_finished() -> None:
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in committed() if path.suffix == ".py"}
    assert {name: lines for name, text in texts.items() if (lines := len(text.splitlines())) > LONGEST_FILE} == {}
    assert {name for name, text in texts.items() if UNFINISHED.search(text)} == set()


def test_production_code_is_in_few_files_of_short_functions() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    functions = {
        f"{name_of(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno
    }
    assert len(MODULES) <= MOST_FILES
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}
    assert {name: lines for name, lines in functions.items() if lines > LONGEST_FUNCTION} == {}


def test_a_file_name_tells_the_file() -> None:
    names = Counter(path.name for path in MODULES)
    assert {name for name, count in names.items() if count > 1} <= SAME_IN_EACH_ROOM


def test_no_retired_word_comes_back() -> None:
    found = {name_of(path): sorted(set(RETIRED.findall(path.read_text(encoding="utf-8")))) for path in MODULES}
    assert {name: words for name, words in found.items() if words} == {}


def test_no_committed_file_names_a_package_index_host() -> None:
    texts = {name_of(path): path.read_text(encoding="utf-8", errors="replace") for path in committed()}
    assert {name for name, text in texts.items() if INDEX_HOST.search(text)} == set()
    locks = {name: text for name, text in texts.items() if name.startswith("requirements/")}
    assert {name for name, text in locks.items() if "://" in text} == set()


def test_every_stream_of_the_contract_is_discovered() -> None:
    assert {str(api): discovered(api).keys() for api in APIS} == {str(api): api.cursors.keys() for api in APIS}


# docs/integrations; all others: id
KEYS: dict[tuple[Version, str], list[list[str]]] = {
    (V1, "deal_contacts"): [["deal_id"], ["id"]],
    (V1, "reasons_for_loss"): [["_id"]],
    (CONVERSAS, "attendances_retention"): [["date"]],
    (CONVERSAS, "attendances_reviews_average"): [["date"]],
    (CONVERSAS, "attendances_summary"): [["date"]],
    (CONVERSAS, "contacts"): [["_id"]],
    (CONVERSAS, "contacts_origin"): [],
    (CONVERSAS, "messages_history"): [["customer_id"], ["page"]],
    (CONVERSAS, "wallets"): [["name"]],
    (CONVERSAS, "whatsapp_integrations"): [],
    (CONVERSAS, "whatsapp_official_integrations"): [["key"]],
    (CONVERSAS, "workflows"): [["title"]],
}
SCHEMAS = {
    V1: CONNECTORS["source_rdstation_crm"] / "schemas" / "v1",
    V2: CONNECTORS["source_rdstation_crm"] / "schemas" / "v2",
    CONVERSAS: CONNECTORS["source_rdstation_conversas"] / "schemas",
}


def test_a_stream_has_its_key_cursor_and_schema() -> None:
    faults = {(str(api), stream): faults_of(api, stream) for api in APIS for stream in api.streams}
    assert {where: found for where, found in faults.items() if found} == {}


def faults_of(api: Version, stream: str) -> list[str]:
    """What is wrong about a stream, as `discover` shows it."""
    found, cursor = discovered(api)[stream], api.cursors[stream]
    key = KEYS.get((api, stream), [["id"]])
    modes = {"full_refresh", "incremental"} if cursor else {"full_refresh"}
    fields = {*(part for path in key for part in path), *(["id", "_id"] if api is V1 else []), *filter(None, [cursor])}
    rules = {
        "primary key": found.get("source_defined_primary_key", []) == key,
        "cursor": (found.get("default_cursor_field") or []) == ([cursor] if cursor else []),
        "source-defined cursor": not cursor or found["source_defined_cursor"] is True,
        "sync modes": set(found["supported_sync_modes"]) == modes,
        "schema file": (SCHEMAS[api] / f"{stream}.json").is_file(),
        "fields of key and cursor": fields <= found["json_schema"]["properties"].keys(),
    }
    return [name for name, holds in rules.items() if not holds]


def anchors(page: str) -> set[str]:
    """The addresses of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_what_the_code_says_of_the_apis_is_cited_by_a_heading_that_is_there() -> None:
    known = {name: anchors(page) for name, page in SHEETS.items()}
    cited = [
        (name_of(path), sheet, anchor)
        for path in committed()
        if path.suffix in (".py", ".md")
        for sheet, named in CITATION.findall(path.read_text(encoding="utf-8"))
        for anchor in re.findall(r"#([a-z0-9-]+)", named)
    ]
    assert len(cited) > 150
    assert [citation for citation in cited if citation[2] not in known[citation[1]]] == []


def test_a_page_that_code_names_is_there() -> None:
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in committed() if path.suffix == ".py"}
    named = {(name, page) for name, text in texts.items() for page in PAPER.findall(text)}
    assert len(named) > 50
    assert {(name, page) for name, page in named if not (ROOT / page).is_file()} == set()


def test_no_code_points_to_a_page_outside_of_the_repository() -> None:
    wrong = [name_of(path) for path in committed() if path.suffix == ".py" and OUTSIDE.search(path.read_text("utf-8"))]
    assert wrong == []
