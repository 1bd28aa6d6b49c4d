"""`make release-check`: builds a release into dist/ and looks at it as an index, an installer and a client would.

Nothing is published. What it cannot try here, it names.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from release.build import LOCK, ROOT, connectors, distributions, sbom, version
from release.metadata import repository

__all__ = ["main", "silent_images"]

DIST = ROOT / "dist"
TOOLS = ROOT / ".venv-release/bin"
PYAIRBYTE = ROOT / ".venv-demo/bin/python"
IMAGES = ROOT / "build/images"
INSTALLED_BY_NAME = """
import pathlib, sys, airbyte
source = airbyte.get_source(sys.argv[1], install_root=pathlib.Path(sys.argv[2]))
print(source.executor.get_installed_version())
"""


def main() -> int:
    """Builds twice, compares, and asks each tool; the exit code is 1 with a sentence where something is wrong."""
    shutil.rmtree(DIST, ignore_errors=True)
    shutil.rmtree(ROOT / "build/release", ignore_errors=True)
    built = distributions(DIST)
    again = distributions(ROOT / "build/release")
    shutil.rmtree(DIST / "aliases")
    wheels = [path for path in built if path.suffix == ".whl"]
    findings = [
        *_differences(built, again),
        *_missing(wheels),
        *_unlisted(sbom(DIST / f"airbyte_rdstation-{version()}.cdx.json")),
    ]
    findings += _asked("twine", "check", "--strict", *map(str, built))
    # W002: streams of one shape have equal schemas. W007 to W009 ask for one module a wheel; an alias has none, the
    # package has one a connector.
    findings += _asked("check-wheel-contents", "--ignore", "W002,W007,W008,W009", *map(str, wheels))
    findings += _asked("zizmor", "--offline", "--no-progress", str(ROOT / ".github"))
    findings += _not_found_by_pyairbyte("source-rdstation-crm")
    findings += _without_a_wheel_on_arm64()
    findings += silent_images()
    if not repository():
        print("REPOSITORY_URL is no https address: packages name no source, and links in their README lead nowhere.")
    for finding in findings:
        print(finding, file=sys.stderr)
    if not findings:
        print(f"dist/ holds release {version()}: " + ", ".join(sorted(path.name for path in DIST.iterdir())))
    return 1 if findings else 0


def _differences(built: Sequence[Path], again: Sequence[Path]) -> list[str]:
    first, second = ({path.name: _digest(path) for path in paths} for paths in (built, again))
    names = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    return [f"{name} differs from one build to the next." for name in names]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _missing(wheels: Sequence[Path]) -> list[str]:
    wanted = {"airbyte_rdstation", *(f"airbyte_{name.replace('-', '_')}" for name in connectors())}
    return [f"No wheel of {name} was built." for name in sorted(wanted - {path.name.split("-")[0] for path in wheels})]


def _unlisted(path: Path) -> list[str]:
    locked = set(re.findall(r"(?m)^([a-z0-9][\w.-]*)==([\w.]+)", LOCK.read_text(encoding="utf-8")))
    components = json.loads(path.read_text(encoding="utf-8"))["components"]
    listed = {(component["name"], component["version"]) for component in components}
    return [f"The SBOM does not list {name} {number}." for name, number in sorted(locked - listed)]


def _not_found_by_pyairbyte(connector: str) -> list[str]:
    """Has PyAirbyte install a connector by its name alone, from dist/ and the index that pip is configured with."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [PYAIRBYTE, "-c", INSTALLED_BY_NAME, connector, folder],
            env={
                **os.environ,
                "AIRBYTE_NO_UV": "1",  # pip obeys what this machine's pip is configured with
                "AIRBYTE_OFFLINE_MODE": "1",
                "DO_NOT_TRACK": "1",
                "AIRBYTE_LOGGING_ROOT": folder,
                "PATH": f"{PYAIRBYTE.parent}{os.pathsep}{os.environ['PATH']}",
                "PIP_FIND_LINKS": f"{DIST} {os.environ.get('PIP_FIND_LINKS', '')}".strip(),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode == 0 and run.stdout.split()[-1:] == [version()]:
        return []
    return [f"PyAirbyte does not install {connector} by its name: {run.stdout[-500:]} {run.stderr[-2_000:]}"]


def _without_a_wheel_on_arm64() -> list[str]:
    """Has pip fetch the lock for the arm64 image, whose base has Python 3.11, glibc 2.36 and no compiler."""
    wheels = ("manylinux2014", *(f"manylinux_2_{minor}" for minor in range(17, 37)))  # older ones run there, too
    platforms = [f"--platform={wheel}_aarch64" for wheel in wheels]
    exactly = ("--python-version=3.11", "--only-binary=:all:", "--require-hashes", "--no-deps")
    with tempfile.TemporaryDirectory() as folder:
        return _asked("pip", "download", "--quiet", *exactly, *platforms, f"--requirement={LOCK}", f"--dest={folder}")


def silent_images() -> list[str]:
    """Asks each image for its specification; `make image` has noted the engine and the images, where an engine is."""
    if not IMAGES.exists():
        print("The images were neither built nor run: no engine for them is here.")
        return []
    engine, *built = (shlex.split(line) for line in IMAGES.read_text(encoding="utf-8").splitlines())
    findings = []
    for connector, image in built:
        run = subprocess.run([*engine, "run", "--rm", image, "spec"], capture_output=True, text=True, check=False)
        if '"type":"SPEC"' not in run.stdout:
            findings.append(f"The image of {connector} does not answer `spec`: {run.stderr[-2_000:]}")
        about = (*engine, "image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", image)
        architecture = subprocess.run(about, capture_output=True, text=True, check=True).stdout.strip()
        print(f"{image} was run on {architecture}.")
    return findings


def _asked(tool: str, *arguments: str) -> list[str]:
    run = subprocess.run([TOOLS / tool, *arguments], capture_output=True, text=True, check=False)
    return [] if run.returncode == 0 else [f"{tool}: {run.stdout.strip()} {run.stderr.strip()}".strip()]


if __name__ == "__main__":
    sys.exit(main())
