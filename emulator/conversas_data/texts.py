"""What people write at an invented account.

Much of it does not survive the server's low-byte cut (conversas.md#why-the-plaintext-is-damaged), as in life.

Left out on purpose: what no decoder can put right, because the cut makes a valid escape of it (`Ŝn` becomes a line
break) or the end of a JSON value; and accents in pairs that are UTF-8 by accident (`Ã©`).
"""

from __future__ import annotations

from urllib.parse import quote

import orjson

from ..rng import Rng

__all__ = ["EVENTS", "media", "said"]

PLAIN = (  # survives: nothing above U+00FF
    "ok",
    "Olá, tudo bem?",
    "Não recebi o boleto nº {n}.",
    "Amanhã às {n}h está ótimo, obrigado!",
    'Ele disse: "volto amanhã", e saiu.',
    "Caminho: C:\\notas\\{n}.txt",
    'Veio assim: {"pedido": {n}, "itens": ["a", "b"]}',
    "Primeira linha\nsegunda linha\tfim",
    "Ação, coração, pão: três itens de {n}",
)
DAMAGED = (  # the cut makes bare quotes, raw control characters, bare backslashes or other letters of it
    "Lista:\n• camiseta\n• boné, azul {n}",
    "Itens •, preço •} e prazo •: confirmar {n}",
    "• primeiro, e por fim •",
    "Linha Exemplo™ e Modelo™, pedido {n}",
    "“Aspas curvas” e \u2018simples\u2019 \u2013 traço — e reticências…",
    "Total: € {n},50",
    "Sem\u200blargura, junção\u200d e seletor\ufe0f aqui",
    "Bom dia 😀",
    "👍",
    "Obrigada 😊 até {n}",
    "Código 🔢 {n}",
    "Ŝanĝo de horário às {n}h",
    "Chegou a bolsa 👜 nova",
    "Łódź, ž e ŝ: {n} • Ŝ.",
)
EVENTS = ("Atendimento iniciado", "Atendimento transferido \u2013 fila comercial", "Atendimento encerrado")
FILES = {  # message type -> (name, extension, media type)
    "audio": ("voz", "oga", "audio/ogg"),
    "image": ("foto", "jpg", "image/jpeg"),
    "video": ("vídeo", "mp4", "video/mp4"),
    "document": ("orçamento", "pdf", "application/pdf"),
    "doc": (
        "contrato \u2013 versão",
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
}
UNESCAPED = "-_.!~*'()"  # by JavaScript's encodeURIComponent


def said(dice: Rng) -> str:
    """A text; every second one is damaged on its way."""
    phrases = DAMAGED if dice.random() < 0.5 else PLAIN
    return phrases[int(dice.random() * len(phrases))].replace("{n}", str(int(dice.random() * 90) + 10))


def media(kind: str, number: int) -> str | None:
    """The content of a media message: URL-encoded JSON; None for types that carry text.

    Facts: conversas.md#message-fields.
    """
    if kind not in FILES:
        return None
    name, extension, mimetype = FILES[kind]
    described = {
        "file_name": f"{name} {number}.{extension}",
        "file_path": f"m/{number}.{extension}",
        "file_extension": extension,
        "mimetype": mimetype,
    }
    caption = {"message": f"Segue: {name} • {number}"} if number % 3 == 0 else {}  # one client reads it
    return quote(orjson.dumps({**described, **caption}), safe=UNESCAPED)
