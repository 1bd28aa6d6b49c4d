"""Renders each connector's specification as a form and saves pictures of it, to look at: `make spec-forms`.

The specification is what the installed command prints. The form is json-editor's, arranged as Airbyte arranges its
own (cards, optional fields apart, hidden fields left out), in headless Chromium. A field with variants has a picture
for each of them.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["main"]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PICTURES = ROOT / "build" / "spec-forms"
SHOWN = ROOT / "docs" / "integrations" / "forms"
"""Those of them that the pages show: what lies here is brought up to date."""
CONNECTORS = ("source-rdstation-crm", "source-rdstation-conversas", "destination-rdstation-crm")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
EDITOR = Path("node_modules", "@json-editor", "json-editor", "dist", "jsoneditor.js")
WIDTH = 860
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def main() -> int:
    """Returns the exit code."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    npm = shutil.which("npm")
    if browser is None or npm is None:
        print("This needs npm and Chromium (on Debian: apt-get install npm chromium).", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, work)
        install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(install, cwd=work, check=True)
        editor = (work / EDITOR).read_text(encoding="utf-8")
        for connector in CONNECTORS:
            schema = specification(connector)
            for choice in range(variants(schema)):
                picture = PICTURES / f"{connector}-{choice + 1}.png"
                given = {"title": connector, "schema": schema, "choice": choice}
                photograph(browser, page(editor, given), picture, work)
                print(picture.relative_to(ROOT))
    for page_picture in SHOWN.glob("*.png"):
        shutil.copy(PICTURES / page_picture.name, page_picture)
    return 0


def specification(connector: str) -> dict[str, Any]:
    """The connection specification, as the command beside this Python prints it."""
    command = [str(Path(sys.executable).with_name(connector)), "spec"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])["spec"]["connectionSpecification"]
    return found


def variants(schema: dict[str, Any]) -> int:
    """How many pictures show every variant."""
    return max(len(field.get("oneOf", [None])) for field in schema["properties"].values())


def page(editor: str, given: dict[str, Any]) -> str:
    """The form as one file, with nothing to load."""
    data = json.dumps(given).replace("</", "<\\/")
    text = (HERE / "form.html").read_text(encoding="utf-8")
    return text.replace("EDITOR", editor.replace("</script", "<\\/script"), 1).replace("= GIVEN;", f"= {data};", 1)


def photograph(browser: str, text: str, picture: Path, work: Path) -> None:
    """Twice: the first look finds out how long the form is."""
    form, profile = work / "form.html", work / picture.stem
    form.write_text(text, encoding="utf-8")
    command = [browser, *QUIET, f"--user-data-dir={profile}", "--virtual-time-budget=5000"]
    seen = subprocess.run([*command, "--dump-dom", form.as_uri()], capture_output=True, text=True, check=True).stdout
    height = re.search(r'data-height="(\d+)"', seen)
    if height is None:
        raise RuntimeError("The form was not drawn to its end; open form.html in a browser to see why.")
    shot = [f"--screenshot={picture}", f"--window-size={WIDTH},{height[1]}"]
    subprocess.run([*command, *shot, form.as_uri()], capture_output=True, check=True)


if __name__ == "__main__":
    sys.exit(main())
