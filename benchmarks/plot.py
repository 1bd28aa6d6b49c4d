"""Lines over a few named points, as a small SVG. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Plot"]

WIDTH, HEIGHT = 560, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 36, 44
COLOURS = ("#0b6e99", "#c2571a", "#4a7c2c")
GRID_LINES = 4


@dataclass(frozen=True)
class Plot:
    """What it shows; `limit` is a dashed line across, with its name."""

    title: str
    across: str
    points: Sequence[str]
    lines: Mapping[str, Sequence[float]]
    top: float
    unit: str
    limit: tuple[float, str]

    def svg(self) -> str:
        """The picture."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
            'font-size="12" fill="#333">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            _text(LEFT, 20, self.title, size=14),
            *self._grid(),
            *self._limit(),
            *(
                part
                for number, (name, values) in enumerate(self.lines.items())
                for part in self._line(name, values, COLOURS[number % len(COLOURS)])
            ),
            _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, self.across, anchor="middle"),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _grid(self) -> list[str]:
        parts = []
        for step in range(GRID_LINES + 1):
            value = self.top * step / GRID_LINES
            y = self._y(value)
            parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
            parts.append(_text(LEFT - 6, y + 4, f"{value:g}{self.unit}", anchor="end"))
        names = [_text(self._x(at), HEIGHT - BOTTOM + 18, name, anchor="middle") for at, name in enumerate(self.points)]
        return parts + names

    def _limit(self) -> list[str]:
        value, name = self.limit
        y = self._y(value)
        path = f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#999" stroke-dasharray="5 4"/>'
        return [path, _text(LEFT + 6, y + 14, name, colour="#777")]

    def _line(self, name: str, values: Sequence[float], colour: str) -> list[str]:
        places = [(self._x(at), self._y(value)) for at, value in enumerate(values)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        return [
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
            *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places),
            _text(places[-1][0] + 10, places[-1][1] + 4, name, colour=colour),
        ]

    def _x(self, at: int) -> float:
        room = WIDTH - RIGHT - LEFT - 32
        return LEFT + 16 + room * at / max(1, len(self.points) - 1)

    def _y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / self.top)


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = "#333", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}">{escape(text)}</text>'
    )
