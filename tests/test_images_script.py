from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCKER = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case $* in *"$FAILS"*) exit 1 ;; esac
"""
NOTHING_FAILS = "no such argument"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the script reads of a checkout, and a folder that stands before all others in PATH."""
    (tmp_path / "checkout" / ".ci").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    for name in (".ci/images", "pyproject.toml", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path / "checkout" / name)
    return tmp_path / "checkout"


def build(
    checkout: Path, fails: str = NOTHING_FAILS, recipe: str = "/no/recipe", platform: str = ""
) -> subprocess.CompletedProcess[str]:
    """`.ci/images build` with a docker that fails where its arguments hold `fails`, and a podman that always does."""
    for name, script in (("docker", DOCKER), ("podman", "#!/bin/sh\nexit 1\n")):
        path = checkout.parent / "bin" / name
        path.write_text(script)
        path.chmod(0o755)
    environment = {
        "PATH": f"{checkout.parent / 'bin'}:/usr/bin:/bin",
        "FAILS": fails,
        "CONTAINER_RECIPE": recipe,
        "PLATFORM": platform,
    }
    command = ["bash", str(checkout / ".ci" / "images"), "build"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_given_docker_then_each_connector_is_built_and_noted(checkout: Path) -> None:
    done = build(checkout)

    assert done.returncode == 0, done.stderr
    engine, *built = (checkout / "build" / "images").read_text().splitlines()
    assert engine == "docker"
    assert "source-rdstation-crm localhost/source-rdstation-crm:dev" in built
    calls = (checkout.parent / "bin" / "calls").read_text()
    assert (
        "build --build-arg CONNECTOR_NAME=source-rdstation-crm --quiet --tag localhost/source-rdstation-crm:dev"
        in calls
    )
    assert "rdstation-authorize" not in calls


def test_given_another_platform_then_the_images_are_built_for_it(checkout: Path) -> None:
    assert build(checkout, platform="linux/arm64").returncode == 0

    calls = [call for call in (checkout.parent / "bin" / "calls").read_text().splitlines() if call.startswith("build")]
    assert calls
    assert all("--platform linux/arm64" in call for call in calls)


def test_given_no_engine_then_that_is_said_and_no_old_note_stays(checkout: Path) -> None:
    (checkout / "build").mkdir()
    (checkout / "build" / "images").write_text("docker\n")

    done = build(checkout, fails="info")

    assert done.returncode == 0
    assert "Images were not built" in done.stdout
    assert not (checkout / "build" / "images").exists()


def test_given_a_build_that_fails_then_the_task_fails_and_nothing_is_noted(checkout: Path) -> None:
    done = build(checkout, fails="build --build-arg")

    assert done.returncode != 0
    assert not (checkout / "build" / "images").exists()
