"""How lists that move while they are read are read without losing a row. Pure: no HTTP, no CDK; their I/O is `fetch`.

`keyset` is the walk by value, which `spans` shares out among readers; `newest_first` reads a list from its front,
`upward` from its end, `windows` in slices of time and `past_wall` in every order there is; `visits` and `overlap` say
how far a cursor may follow. Page numbers alone: rdstation/walks.
"""

from __future__ import annotations
