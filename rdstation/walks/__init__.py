"""Lists that move while they are read, by page numbers: what both APIs have in common. Pure: their I/O is `fetch`.

`single_pass` reads a list that has an order, `sweep` one that has none.
"""

from __future__ import annotations
