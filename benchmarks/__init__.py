"""What the figures in the README come from: run them again with `make bench`."""

from __future__ import annotations
