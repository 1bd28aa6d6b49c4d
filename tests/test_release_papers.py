from __future__ import annotations

import re
from pathlib import Path

import yaml

from release.build import connectors

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted([*ROOT.glob("requirements/*.txt"), *ROOT.glob("benchmarks/requirements/*.txt")])


def test_the_newest_release_of_the_changelog_is_the_version_in_pyproject() -> None:
    version = re.search(r'(?m)^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    newest = re.search(r"(?m)^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))

    assert version is not None
    assert newest is not None
    assert newest[1] == version[1]


def test_the_locks_name_no_index_and_no_path_of_a_machine() -> None:
    for lock in LOCKS:
        assert not re.search(r"://|--(extra-)?index-url|--find-links|file:| @ ", lock.read_text(encoding="utf-8")), lock


def test_every_requirement_of_a_lock_is_hashed() -> None:
    for lock in LOCKS:
        for entry in re.split(r"(?m)^(?=[a-z0-9])", lock.read_text(encoding="utf-8"))[1:]:
            assert "--hash=sha256:" in entry, f"{lock.name}: {entry.split()[0]}"


def test_every_action_is_pinned_to_a_commit() -> None:
    used = [
        f"{workflow.name}: {action}"
        for workflow in (ROOT / ".github/workflows").glob("*.yml")
        for action in re.findall(r"uses: (.+)", workflow.read_text(encoding="utf-8"))
    ]

    assert used
    assert not [action for action in used if not re.search(r"@[0-9a-f]{40} # v\d", action)]


def test_the_release_publishes_each_package_and_each_image() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]

    assert sorted(jobs["images"]["strategy"]["matrix"]["connector"]) == connectors()
    first, *aliases = jobs["packages"]["strategy"]["matrix"]["package"]
    assert first == "airbyte-rdstation"  # the others require it
    assert sorted(aliases) == [f"airbyte-{connector}" for connector in connectors()]


def test_ci_runs_on_every_python_that_is_promised() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    promised = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    matrix = re.search(r"python: \[(.+)\]", workflow)

    assert matrix is not None
    assert re.findall(r'"(.+?)"', matrix[1]) == promised
    assert "run: bash .ci/run" in workflow
