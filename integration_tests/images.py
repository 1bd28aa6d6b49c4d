"""The built images, as Airbyte runs them: files mounted, the user `airbyte`, stdin open. `make image` notes them."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from connectors import ROOT, Connector, by_name
from output import Line, Run

__all__ = ["Image", "built_images"]

NOTES = ROOT / "build" / "images"
RUN_MAY_TAKE_S = 300
INSIDE = "/secrets"


@dataclass(frozen=True)
class Image:
    """One connector's image, and the engine that runs it."""

    connector: Connector
    tag: str
    engine: tuple[str, ...]

    def __str__(self) -> str:
        return self.connector.name

    def run(self, command: str, files: Mapping[str, Any] | None = None, stdin: bytes = b"") -> Run:
        """One run; `files` become `--config`, `--catalog` and `--state`, in a folder that is mounted read-only.

        The network is the host's: the emulator listens on loopback, and plain http goes nowhere else.
        """
        with self._mounted(files or {}) as (folder, arguments):
            mounted = ["--rm", "-i", "--network", "host", "-v", f"{folder}:{INSIDE}:ro"]
            begun = time.monotonic()
            done = subprocess.run(
                [*self.engine, "run", *mounted, self.tag, command, *arguments],
                input=stdin,
                capture_output=True,
                timeout=RUN_MAY_TAKE_S,
            )
            ended = time.monotonic()
        lines = [Line(ended, text) for text in done.stdout.split(b"\n") if text]
        return Run(lines, done.stderr.decode(errors="replace"), done.returncode, seconds=ended - begun)

    def stopped(self, command: str, files: Mapping[str, Any]) -> Run:
        """A run that is stopped as Docker does it, once it has printed a line; 137 if it had to be killed."""
        name = f"stopped-{uuid4().hex}"
        with self._mounted(files) as (folder, arguments):
            mounted = ["--rm", "-i", "--name", name, "--network", "host", "-v", f"{folder}:{INSIDE}:ro"]
            with subprocess.Popen(
                [*self.engine, "run", *mounted, self.tag, command, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process:
                assert process.stdout is not None
                first = process.stdout.readline()
                stop = [*self.engine, "stop", "--time", "10", name]
                with subprocess.Popen(stop, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as stopping:
                    rest = process.stdout.read()  # meanwhile: where nobody reads, the pipe fills amid a line
                code = process.wait(RUN_MAY_TAKE_S)
        if stopping.returncode:
            raise RuntimeError(f"`{' '.join(stop)}` ended with {stopping.returncode}")
        return Run([Line(0, text) for text in (first + rest).split(b"\n") if text], "", code)

    @contextlib.contextmanager
    def _mounted(self, files: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
        """A folder with the files, and the arguments that name them inside."""
        with tempfile.TemporaryDirectory() as folder:
            # Airbyte's own: others may enter and read, because the connector is not the user who wrote them.
            Path(folder).chmod(0o755)
            arguments = []
            for name, content in files.items():
                path = Path(folder, f"{name}.json")
                path.write_bytes(orjson.dumps(content))
                path.chmod(0o644)
                arguments += [f"--{name}", f"{INSIDE}/{path.name}"]
            yield folder, arguments

    def sh(self, script: str) -> str:
        """What a shell in the image says."""
        command = [*self.engine, "run", "--rm", "--entrypoint", "sh", self.tag, "-c", script]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=RUN_MAY_TAKE_S).stdout

    def inspect(self) -> dict[str, Any]:
        """What the engine knows of it."""
        command = [*self.engine, "image", "inspect", self.tag]
        done = subprocess.run(command, check=True, capture_output=True, timeout=RUN_MAY_TAKE_S)
        (found,) = orjson.loads(done.stdout)
        described: dict[str, Any] = found
        return described


def built_images() -> list[Image]:
    """What `make image` built last; nothing where it found no engine."""
    if not NOTES.is_file():
        return []
    engine, *built = NOTES.read_text(encoding="utf-8").splitlines()
    named = [line.split() for line in built]
    return [Image(by_name(name), tag, tuple(shlex.split(engine))) for name, tag in named]
