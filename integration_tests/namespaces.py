"""What only Linux with namespaces can show: a connector as process 1, and one that may write nowhere."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from typing import Final

import pytest

__all__ = ["AS_PROCESS_1", "MAY_MOUNT", "needs"]

_UNSHARE: Final = shutil.which("unshare") or "unshare"
MAY_MOUNT: Final = (_UNSHARE, "--mount")
AS_PROCESS_1: Final = (_UNSHARE, "--pid", "--fork", "--kill-child", "--mount-proc")


def needs(namespaces: tuple[str, ...]) -> pytest.MarkDecorator:
    """Leaves a test out where the kernel gives this user no such namespaces: no system but Linux has them.

    .ci/run runs as root and has them; and its images, stopped by `make test-image`, are process 1 by nature.
    """
    reason = f"`{' '.join(namespaces)}` needs Linux, and a user who may make namespaces."
    return pytest.mark.skipif(not _given(namespaces), reason=reason)


@cache
def _given(namespaces: tuple[str, ...]) -> bool:
    try:
        return subprocess.run([*namespaces, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
