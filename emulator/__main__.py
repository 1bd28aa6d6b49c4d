"""Runs the emulator by hand: `python -m emulator --port 8800 --contacts 25000 --set wall=empty`.

The first five lines on stdout say that it listens, and give a configuration each: of source-rdstation-crm for v2 and
for v1, of destination-rdstation-crm (an authorization of its own), of source-rdstation-conversas. stderr says which is
which.
"""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from .conversas_data.size import ConversasSize
from .data.account import AccountSize
from .server import run
from .settings import Settings, WrongSettingError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="emulator",
        description="RD Station CRM, API v2 and v1, and RD Station Conversas, on loopback.",
        epilog="Prints a line when it listens, and then configurations: of source-rdstation-crm for v2 and for v1, of "
        "destination-rdstation-crm, of source-rdstation-conversas.",
    )
    parser.add_argument("--port", type=int, default=8800, help="0 picks a free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--recent",
        action="store_true",
        help="rows until yesterday (default: until 2026-09-01, so that a seed gives one account)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=_setting,
        help="a setting; VALUE as JSON or text",
    )
    parser.add_argument("--ready-file", type=Path, help="gets the configuration for v2 once the server listens")
    parser.add_argument(
        "--quiet", action="store_true", help="say nothing on stderr: for programs, which know the order"
    )
    default = AccountSize()
    for name in AccountSize.choices():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(default, name), metavar="N")
    conversas = ConversasSize()
    for name in ConversasSize.choices():
        parser.add_argument(
            f"--conversas-{name.replace('_', '-')}", type=int, default=getattr(conversas, name), metavar="N"
        )
    options = parser.parse_args(arguments)
    changes = dict(options.set)
    try:
        Settings().change(changes)
    except WrongSettingError as error:
        parser.error(str(error))
    size = AccountSize(**{name: getattr(options, name) for name in AccountSize.choices()})
    conversas = ConversasSize(**{name: getattr(options, f"conversas_{name}") for name in ConversasSize.choices()})
    try:
        run(
            size,
            conversas,
            options.seed,
            changes,
            options.port,
            options.ready_file,
            recent=options.recent,
            quiet=options.quiet,
        )
    except (OSError, OverflowError) as error:
        sys.exit(f"emulator: {_sentence(error, options.port)}")


def _sentence(error: OSError | OverflowError, port: int) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename} cannot be written ({error.strerror}). Name another --ready-file."
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken. Name another: make emulator ARGS='--port {port + 1}' (0 picks a free one)."
    return f"Port {port} cannot be used ({error}). Name another: make emulator ARGS='--port 8800'."


def _setting(text: str) -> tuple[str, object]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError("NAME=VALUE")
    try:
        return name, orjson.loads(value)
    except ValueError:
        return name, value


if __name__ == "__main__":
    main()
