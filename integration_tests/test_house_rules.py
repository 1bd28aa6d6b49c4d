"""The house's own rules, executed: who may import whom, how long a file may be, what each stream has."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from harness import CONVERSAS, V1, V2, VERSIONS, Version, discovered

ROOT = Path(__file__).parents[1]
SHARED = "rdstation"
CONNECTORS = {
    name: ROOT / name.replace("_", "-") / name
    for name in ("source_rdstation_crm", "source_rdstation_conversas", "destination_rdstation_crm")
}
PACKAGES = {SHARED: ROOT / SHARED, **CONNECTORS}
MODULES = sorted(path for package in PACKAGES.values() for path in package.rglob("*.py"))
APIS = (*VERSIONS, CONVERSAS)
EDGE = {"requests", "urllib3", "airbyte_cdk"}
LONGEST_FILE = 400
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")))
INDEX_HOST = re.compile("|".join(("pypi" + r"\.org", "python" + r"hosted\.", "--(extra-)?" + "index-url")))


def committed() -> list[Path]:
    """Files that are or would be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(path for name in names if (path := ROOT / name).is_file())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


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


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    tests = {"emulator", "harness", "unit_tests", "integration_tests"}
    foreign = {name for name, folder in CONNECTORS.items() if folder not in path.parents}
    assert rooms(path) & (tests | foreign) == set()


@pytest.mark.parametrize("path", [path for path in MODULES if is_pure(path)], ids=name_of)
def test_a_pure_room_reaches_neither_http_nor_the_cdk(path: Path) -> None:
    files = {
        f"{package}.{module.relative_to(folder).with_suffix('').as_posix().replace('/', '.')}": module
        for package, folder in PACKAGES.items()
        for module in folder.rglob("*.py")
    }
    seen: set[Path] = set()
    due = [path]
    while due:
        current = due.pop()
        seen.add(current)
        assert rooms(current) & EDGE == set(), f"by way of {name_of(current)}"
        due += [files[name] for name in imported(current) if name in files and files[name] not in seen]


def test_some_rooms_are_pure() -> None:
    pure = {path.stem for path in MODULES if is_pure(path)}
    assert {"keyset", "rdql", "dates", "envelope", "table"} <= pure


@pytest.mark.parametrize("path", [path for path in committed() if path.suffix == ".py"], ids=name_of)
def test_a_python_file_is_short_and_finished(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    assert UNFINISHED.search(text) is None


def test_no_committed_file_names_a_package_index_host() -> None:
    texts = {name_of(path): path.read_text(encoding="utf-8", errors="replace") for path in committed()}
    assert {name for name, text in texts.items() if INDEX_HOST.search(text)} == set()
    locks = {name: text for name, text in texts.items() if name.startswith("requirements/")}
    assert {name for name, text in locks.items() if "://" in text} == set()


@pytest.mark.parametrize("api", APIS, ids=str)
def test_every_stream_of_the_contract_is_discovered(api: Version) -> None:
    assert discovered(api).keys() == api.cursors.keys()


# contract.md; all others: id
KEYS: dict[tuple[Version, str], list[list[str]]] = {
    (V1, "reasons_for_loss"): [["_id"]],
    (CONVERSAS, "contacts"): [["_id"]],
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


@pytest.mark.parametrize(
    ("api", "stream"),
    [pytest.param(api, stream, id=f"{api}-{stream}") for api in APIS for stream in api.streams],
)
def test_a_stream_has_its_key_cursor_and_schema(api: Version, stream: str) -> None:
    found, cursor = discovered(api)[stream], api.cursors[stream]
    key = KEYS.get((api, stream), [["id"]])
    assert found.get("source_defined_primary_key", []) == key
    if cursor:
        assert found["default_cursor_field"] == [cursor]
        assert found["source_defined_cursor"] is True
        assert set(found["supported_sync_modes"]) == {"full_refresh", "incremental"}
    else:
        assert found["supported_sync_modes"] == ["full_refresh"]
        assert not found.get("default_cursor_field")
    assert (SCHEMAS[api] / f"{stream}.json").is_file()
    fields = {*(part for path in key for part in path), *(["id", "_id"] if api is V1 else []), *filter(None, [cursor])}
    assert fields <= found["json_schema"]["properties"].keys()
