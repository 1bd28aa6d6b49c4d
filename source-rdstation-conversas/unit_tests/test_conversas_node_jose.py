"""Pages encrypted by the vendor's library (vectors/node_jose/make_vectors.mjs): each pair of alg and enc, each form.

The committed ones; `make node-jose` has them made anew, and names their file in NODE_JOSE_VECTORS.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from conversas_samples import NODE_JOSE, opened, survivors

from source_rdstation_conversas.envelopes import CONTENT_ENCRYPTIONS, holds_empty_list
from source_rdstation_conversas.history.plaintext import decode

VECTORS = json.loads(Path(os.environ.get("NODE_JOSE_VECTORS", NODE_JOSE / "vectors.json")).read_text(encoding="utf-8"))
CONTENTS = json.loads((NODE_JOSE / "contents.json").read_text(encoding="utf-8"))
PAGES = VECTORS["pages"]


def test_each_pair_of_alg_and_enc_is_there() -> None:
    pairs = {(page["alg"], page["enc"]) for page in PAGES if page["form"] == "low byte"}

    assert pairs == {(alg, enc) for alg in ("RSA-OAEP", "RSA-OAEP-256") for enc in CONTENT_ENCRYPTIONS}


def test_each_content_is_there() -> None:
    assert [message["content"] for message in VECTORS["messages"]] == list(CONTENTS.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page['form']}-{page['alg']}-{page['enc']}")
def test_a_page_arrives_in_what_is_left_of_its_characters(page: dict[str, Any]) -> None:
    sent = [] if page["form"] == "empty" else VECTORS["messages"]
    left = (lambda text: text) if page["form"] == "utf8" else survivors

    value = decode(opened().decrypt(page["jwe"])).value

    assert value == [{**message, "content": left(message["content"])} for message in sent]
    assert holds_empty_list(page["jwe"]) is (page["form"] == "empty")
