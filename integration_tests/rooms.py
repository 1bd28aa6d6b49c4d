"""The rooms of the house and who imports whom, as the code has it: what docs/architecture.md draws.

A room is a folder of a package with modules of its own; a connector's own folder is a room, too.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["drawing", "imports_among"]

Room = str
"""Its folder below the package's parent: `airbyte_rdstation/pagination`."""


def imports_among(packages: Mapping[str, Path]) -> dict[Room, set[Room]]:
    """Every room of the packages, with the rooms that it imports from."""
    room_of = {
        ".".join((name, *path.relative_to(folder).with_suffix("").parts)): (
            "/".join((name, *path.relative_to(folder).parent.parts)),
            path,
        )
        for name, folder in packages.items()
        for path in folder.rglob("*.py")
        if path.name != "__init__.py"
    }
    found: dict[Room, set[Room]] = {room: set() for room, _ in room_of.values()}
    for room, path in room_of.values():
        found[room] |= {room_of[name][0] for name in _imported(path) if name in room_of} - {room}
    return found


def drawing(imports: Mapping[Room, set[Room]]) -> str:
    """The same as a mermaid flowchart: a box a package, a node a room, a line of arrows for each room that imports."""
    packages: defaultdict[str, list[Room]] = defaultdict(list)
    for room in sorted(imports):
        packages[room.partition("/")[0]].append(room)
    lines = ["flowchart LR"]
    for package, rooms in packages.items():
        lines += [f'    subgraph box_{package}["{package}"]']
        lines += [f'        {_node(room)}["{room.partition("/")[2] or "top"}"]' for room in rooms]
        lines += ["    end"]
    for room, others in sorted(imports.items()):
        if others:
            lines.append(f"    {_node(room)} --> {' & '.join(map(_node, sorted(others)))}")
    return "\n".join(lines) + "\n"


def _node(room: Room) -> str:
    return room.replace("/", "_")


def _imported(path: Path) -> Iterator[str]:
    """Every dotted name that may be a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
