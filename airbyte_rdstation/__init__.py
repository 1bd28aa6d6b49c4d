"""What the three connectors share. It imports no connector.

`client` speaks with RD Station over HTTP, `pagination` decides which page to ask for next, `airbyte` is what a source
or a destination needs towards the platform; `authorize` and `probe` are commands for a person at a terminal. Here is
only what a command does before it imports any of them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress


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
