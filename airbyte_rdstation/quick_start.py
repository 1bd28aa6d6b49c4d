"""Spares a command a third of its start: for `run`, in a process that is ours alone, where it imports the CDK."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["quick_import"]


@contextmanager
def quick_import() -> Iterator[None]:
    """Import without what costs time and serves nobody here.

    The collector walks everything that is being imported, again and again (a tenth of a start). And serpyco, by which
    the CDK serializes messages, reads the source code of each of their classes for docstrings that its JSON schemas
    would show (a quarter).
    """
    with suppress(ImportError):  # a serpyco that does without
        import attributes_doc

        attributes_doc.get_attributes_doc = lambda cls: {}
    gc.disable()
    yield
    gc.enable()
