"""How lists that move while they are read are read without losing a row. Pure: no HTTP, no CDK; their I/O is `fetch`.

`keyset` is the walk by value, which `spans` shares out among readers; `newest_first` reads a list from its front;
`single_pass` and `sweep` make do with page numbers; `visits` and `overlap` say how far a cursor may follow.
"""

from __future__ import annotations
