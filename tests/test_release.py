"""What a release publishes: built here as the release builds it, and read as the index reads it."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from markdown_it import MarkdownIt

from release import check
from release.build import BINARIES, ROOT, connectors, distributions, version

ADDRESS = "https://example.com/owner/airbyte-rdstation"
ENGINE = """#!/bin/sh
case "$*" in
"run --rm good spec") echo '{"type":"LOG"}'; echo '{"type":"SPEC","spec":{}}' ;;
"run --rm bad spec") echo "no such command" >&2; exit 1 ;;
"image inspect "*) echo linux/arm64 ;;
esac
"""


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def targets(markdown: str) -> set[str]:
    """What its links and pictures lead to."""
    inline = [
        token for block in MarkdownIt("gfm-like", {"linkify": False}).parse(markdown) for token in block.children or ()
    ]
    return {str(token.attrs[name]) for token in inline for name in ("href", "src") if name in token.attrs}


def built(folder: Path) -> dict[str, Path]:
    """Each package's wheel, by the package's name."""
    return {path.name.split("-")[0]: path for path in distributions(folder / "dist") if path.suffix == ".whl"}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REPOSITORY_URL", f"{ADDRESS}/")
        return built(tmp_path_factory.mktemp("release"))


def test_given_the_repository_s_address_then_every_link_of_the_readme_leads_there_at_the_tag(
    released: dict[str, Path],
) -> None:
    shown = targets(str(metadata(released["airbyte_rdstation"]).get_payload()))

    here = targets((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(shown) == len(here)
    assert not [target for target in shown if not urlsplit(target).scheme]
    assert f"{ADDRESS}/raw/v{version()}/docs/report.png" in shown
    assert f"{ADDRESS}/blob/v{version()}/docs/operating.md#the-commands" in shown
    assert "https://www.rdstation.com/" in shown


def test_given_the_repository_s_address_then_each_package_names_source_pages_changes_and_issues(
    released: dict[str, Path],
) -> None:
    assert len(released) == 1 + len(connectors())
    for wheel in released.values():
        assert metadata(wheel)["Metadata-Version"] == "2.4"  # what the index and the tool that uploads know
        named = [line.partition(", ") for line in metadata(wheel).get_all("Project-URL", [])]
        assert {name: url for name, _, url in named} == {
            "Source": ADDRESS,
            "Documentation": f"{ADDRESS}/tree/v{version()}/docs",
            "Changelog": f"{ADDRESS}/blob/v{version()}/CHANGELOG.md",
            "Issues": f"{ADDRESS}/issues",
        }


def test_given_a_released_sdist_when_a_wheel_is_built_from_it_elsewhere_then_it_is_the_released_one(
    released: dict[str, Path], tmp_path: Path
) -> None:
    wheel = released["airbyte_rdstation"]
    with tarfile.open(next(wheel.parent.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    (sources,) = tmp_path.iterdir()

    subprocess.run([BINARIES / "hatchling", "build", "--target", "wheel"], cwd=sources, check=True)

    assert (sources / "dist" / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("address", ["", "registry.example.com/owner"], ids=["none", "no https address"])
def test_given_no_address_of_a_repository_then_the_readme_is_as_it_is_here_and_no_address_is_named(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPOSITORY_URL", address)

    for name, wheel in built(tmp_path).items():
        assert not {"Project-URL", "Dynamic"} & set(metadata(wheel).keys())
        if name == "airbyte_rdstation":
            assert metadata(wheel).get_payload() == (ROOT / "README.md").read_text(encoding="utf-8")


def test_given_an_image_that_does_not_answer_spec_then_it_is_named_and_each_architecture_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = tmp_path / "engine"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    notes = tmp_path / "images"
    notes.write_text(f"{engine}\nsource-a good\nsource-b bad\n")
    monkeypatch.setattr(check, "IMAGES", notes)

    (finding,) = check.silent_images()

    assert "source-b" in finding
    assert "no such command" in finding
    assert capsys.readouterr().out == "good was run on linux/arm64.\nbad was run on linux/arm64.\n"


def test_given_no_engine_then_that_is_said_and_no_image_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "IMAGES", tmp_path / "none")

    assert check.silent_images() == []
    assert "no engine" in capsys.readouterr().out
