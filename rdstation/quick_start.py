"""Makes every command start a third sooner; to be imported before anything that imports Airbyte's CDK.

serpyco, by which the CDK serializes messages, reads the source code of each of their classes at import, for the
docstrings of attributes. They show in serpyco's JSON schemas alone, which nobody here asks for.
"""

from __future__ import annotations

__all__: list[str] = []


def _nothing(cls: type) -> dict[str, str]:
    return {}


try:
    import attributes_doc
except ImportError:
    pass  # a serpyco that does without
else:
    attributes_doc.get_attributes_doc = _nothing
