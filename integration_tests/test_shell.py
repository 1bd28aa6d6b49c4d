"""What docs/operating.md shows of a shell is run as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from harness import AccountSize, account

PAGE: Final = (Path(__file__).parents[1] / "docs" / "operating.md").read_text(encoding="utf-8")
SHELL: Final = PAGE.partition("### From a shell\n")[2].partition("\n#")[0]


def test_the_lines_for_a_shell_read_an_account_and_then_what_changed(tmp_path: Path) -> None:
    (script,) = re.findall(r"(?ms)^```sh\n(.*?)^```", SHELL)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (tmp_path / "secrets").mkdir()
    first, second = script.rsplit("\n", 2)[0], script.splitlines()[-1]
    with account(AccountSize(deals=40)) as crm:
        config = {**crm.config(), "tokens_path": str(tmp_path / "secrets" / "tokens.json")}
        (tmp_path / "secrets" / "account.json").write_text(json.dumps(config))
        run(first, tmp_path)
        crm.expire_access_tokens()
        crm.advance_clock(86_400)
        (changed,) = crm.bulk_edit("deals", count=1)
        run(second, tmp_path)
        everything = crm.ids("deals")

    assert ids(tmp_path / "deals.jsonl") == everything
    again = ids(tmp_path / "changed.jsonl")
    assert changed in again
    assert len(again) < 5, "what was changed, and the last ones before"


def run(lines: str, folder: Path) -> None:
    done = subprocess.run(["bash", "-ec", lines], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S607 - the user's own
    assert done.returncode == 0, done.stdout + done.stderr


def ids(file: Path) -> set[str]:
    messages = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return {message["record"]["data"]["id"] for message in messages if message["type"] == "RECORD"}
