"""The house's own rules, executed: who may import whom, how long a file may be, what each stream has."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from harness import V1, VERSIONS, Version, discovered, for_each_version

ROOT = Path(__file__).parents[1]
SHARED, CONNECTOR = "rdstation", "source_rdstation_crm"
PACKAGES = {SHARED: ROOT / SHARED, CONNECTOR: ROOT / "source-rdstation-crm" / CONNECTOR}
MODULES = sorted(path for package in PACKAGES.values() for path in package.rglob("*.py"))
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
    foreign = {"emulator", "harness", "unit_tests", "integration_tests"}
    forbidden = foreign | ({CONNECTOR} if PACKAGES[SHARED] in path.parents else set())
    assert rooms(path) & forbidden == set()


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


@for_each_version
def test_every_stream_of_the_contract_is_discovered(api: Version) -> None:
    assert discovered(api).keys() == api.cursors.keys()


KEYS = {(V1, "reasons_for_loss"): "_id"}  # contract.md; all others: id


@pytest.mark.parametrize(
    ("api", "stream"),
    [pytest.param(api, stream, id=f"{api}-{stream}") for api in VERSIONS for stream in api.streams],
)
def test_a_stream_has_its_key_cursor_and_schema(api: Version, stream: str) -> None:
    found, cursor = discovered(api)[stream], api.cursors[stream]
    assert found["source_defined_primary_key"] == [[KEYS.get((api, stream), "id")]]
    if cursor:
        assert found["default_cursor_field"] == [cursor]
        assert found["source_defined_cursor"] is True
        assert set(found["supported_sync_modes"]) == {"full_refresh", "incremental"}
    else:
        assert found["supported_sync_modes"] == ["full_refresh"]
        assert not found.get("default_cursor_field")
    schema = PACKAGES[CONNECTOR] / "schemas" / api.name / f"{stream}.json"
    assert schema.is_file()
    assert {"id", *(["_id"] if api is V1 else []), *filter(None, [cursor])} <= found["json_schema"]["properties"].keys()
