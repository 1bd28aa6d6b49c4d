"""The invented account: rows, the lists that hold them in order, and the generators that fill them."""

from __future__ import annotations
