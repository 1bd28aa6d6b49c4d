"""What the figures in the README come from: run them again with `make bench`, `make image-size` for the images.

`reading`, `requests_used`, `pace`, `writing`, `memory` and `startup` answer one question each; `report` and `plot` show
it. `alternatives/` is the same read by other means and runs in other environments; nothing here imports it.
"""

from __future__ import annotations
