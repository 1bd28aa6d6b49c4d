"""Spares a command a quarter of its start: for `run`, in a process that is ours alone, before it imports the CDK."""

from __future__ import annotations

__all__ = ["skip_docs_of_messages"]


def skip_docs_of_messages() -> None:
    """Have serpyco, by which the CDK serializes messages, not read the source code of each of their classes.

    It looks there for docstrings that its JSON schemas would show; nobody here asks for these.
    """
    try:
        import attributes_doc
    except ImportError:
        return  # a serpyco that does without
    attributes_doc.get_attributes_doc = lambda cls: {}
