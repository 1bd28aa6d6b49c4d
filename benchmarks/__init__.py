"""Measures the figures of docs/benchmarks.md and the README: `make bench`, for the images `make image-size`.

`reading`, `requests_used`, `pace`, `writing`, `memory` and `startup` answer one question each; `report` and `plot` show
it. `alternatives/` is the same read by other means and runs in other environments; nothing here imports it.
"""

from __future__ import annotations
