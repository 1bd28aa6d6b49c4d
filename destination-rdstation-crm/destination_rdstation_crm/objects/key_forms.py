"""Which spellings of a matching key are one key: texts, numbers of documents (CPF, CNPJ), numbers of phones. Pure.

People write a CNPJ as `11.111.111/0001-11` and as `11111111000111`, and a phone in a dozen ways; RD Station keeps what
it was given [seen]. Rows and records are therefore compared in a form that all spellings share. It is only compared:
what is written stays what the row says. No library: the one for phones knows no number without its ninth digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from destination_rdstation_crm.objects.values import blank, fold, text
from destination_rdstation_crm.row import RowRejectedError

__all__ = [
    "DIGITS",
    "EMAIL_KEY",
    "FORMS",
    "PHONE",
    "TEXT_KEY",
    "KeyForm",
    "Match",
    "document_form",
    "insist_on_digits",
    "phone_number",
]

Match: TypeAlias = Literal["digits", "phone"]
"""How `column_mapping` names a form."""


@dataclass(frozen=True)
class KeyForm:
    """How a matching key is compared, and how records with it are asked for."""

    compared: Callable[[str], str]
    """A text of a row or record -> what all its spellings share; RowRejectedError where it tells nobody from others."""
    spellings: Callable[[str], Sequence[str]]
    """The text -> the texts to ask for by `:`, at least one; a record may have any of them."""
    parts: Callable[[str], Sequence[Sequence[str]]]
    """The text -> what to ask for by `:~`: a record's contains all texts of one of these groups."""
    countless: bool = False
    """Whether a record may spell it in more ways than a request can name: then parts alone are asked for."""
    exact: bool = False
    """Whether a record has the text itself: case and spaces aside, no other spelling."""
    control_values: tuple[str, str] = ("98765432109801", "98765432109802")
    """Two values that no record has, and that RD Station has no reason to refuse."""

    def alike(self, existing: Any, sent: Any) -> bool:
        """Whether two values are spellings of one number: neither a short one nor words say something of their own."""
        try:
            held, wanted = ("" if blank(value) else text(value) for value in (existing, sent))
            one, other = self.compared(held), self.compared(wanted)
        except RowRejectedError:
            return False
        return one == other and len(one.lstrip("0")) >= _SHORTEST_NUMBER and _words(held) == _words(wanted)


def _whole(text: str) -> list[list[str]]:
    return [[text.strip()]]


def _either_case(text: str) -> list[str]:
    """`:` may heed case."""
    return list(dict.fromkeys((text.strip(), text.strip().lower())))


TEXT_KEY: Final = KeyForm(fold, _either_case, _whole, exact=True, control_values=("ninguem-1", "ninguem-2"))
EMAIL_KEY: Final = replace(TEXT_KEY, control_values=("ninguem-1@exemplo.invalid", "ninguem-2@exemplo.invalid"))


_NO_DIGIT: Final = re.compile(r"[^0-9]")
_SHORTEST_NUMBER: Final = 9  # digits of a CPF without the zeros in front; `7.5` and `75` may be scores
_LABEL: Final = re.compile(r"(CPF|CNPJ)[^0-9A-Z]*")
_SCIENTIFIC: Final = re.compile(r"[0-9]([.,][0-9]+)?e\+?[0-9]{1,2}")  # with more, a CNPJ that has a letter
_NO_FRACTION: Final = re.compile(r"(?<=[0-9])\.0$")
_PLACEHOLDER: Final = "the matching key is a placeholder: all its digits are equal, so that it names nobody"


def insist_on_digits(values: Iterable[Any]) -> None:
    """Raise RowRejectedError where a number of a document or phone has lost digits: it is nobody's."""
    if any(isinstance(value, str) and _SCIENTIFIC.fullmatch(fold(value)) for value in values):
        raise RowRejectedError(
            "this is a number like 1.2E+10, of which a spreadsheet has dropped digits: make its column text"
        )


def _folded(text: str) -> str:
    """The text without the `.0` of a number that a program took for a decimal one."""
    insist_on_digits([text])
    return _NO_FRACTION.sub("", fold(text))


def _words(text: str) -> str:
    """The letters beside a number, without the name of a document."""
    return "".join(filter(str.isalpha, _LABEL.sub("", fold(text).upper(), count=1)))


_PUNCTUATION: Final = re.compile(r"[^0-9A-Z]")
_WITH_LETTERS: Final = re.compile(r"[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?[0-9]{2}")
_CPF, _CNPJ = 11, 14  # digits
_SHORTEST_PLACEHOLDER: Final = 8  # digits; a shorter number may be a code


def _bare(text: str) -> str:
    """The digits alone; of a CNPJ that has letters, those too."""
    bare = _LABEL.sub("", _folded(text).upper(), count=1)
    return (_PUNCTUATION if _WITH_LETTERS.fullmatch(bare) else _NO_DIGIT).sub("", bare)


def _document(length: int, text: str) -> str:
    """The same with the zeros in front that a spreadsheet drops from a number."""
    bare = _bare(text)
    if not bare:
        raise RowRejectedError("the matching key has no digits")
    if length and len(bare) < _SHORTEST_NUMBER and _words(text):
        raise RowRejectedError("the matching key is a remark, with too few digits for a document")
    whole = bare.zfill(length)
    if not whole.strip("0") or (len(whole) >= _SHORTEST_PLACEHOLDER and len(set(whole)) == 1):
        raise RowRejectedError(_PLACEHOLDER)
    return whole


def _with_punctuation(bare: str) -> str:
    if len(bare) == _CPF:
        return f"{bare[:3]}.{bare[3:6]}.{bare[6:9]}-{bare[9:]}"
    if len(bare) == _CNPJ:
        return f"{bare[:2]}.{bare[2:5]}.{bare[5:8]}/{bare[8:12]}-{bare[12:]}"
    return bare


def _common_spellings(length: int, text: str) -> list[str]:
    """With all zeros in front, as they come, or with none; each bare and with punctuation."""
    bare = _bare(text)
    spelled = (_document(length, text), bare, bare.lstrip("0"))
    return list(dict.fromkeys(each for one in spelled for each in (one, _with_punctuation(one))))


def _spellings(length: int, text: str) -> list[str]:
    return list(dict.fromkeys((*_common_spellings(length, text), text.strip())))


def _documents(length: int) -> KeyForm:
    return KeyForm(
        partial(_document, length),
        partial(_spellings, length),
        lambda text: [[each] for each in _common_spellings(length, text)],
    )


DIGITS: Final = _documents(0)
_DOCUMENTS: Final = {"cpf": _documents(_CPF), "cnpj": _documents(_CNPJ)}
_NAMED: Final = re.compile(r"(?<![a-z])(cpf|cnpj)(?![a-z])")


def document_form(*names: str) -> KeyForm:
    """Choose the form of a custom field by its slug and label: of a document where one names it, else of a text."""
    named = {word for name in names for word in _NAMED.findall(name.casefold())}
    if not named:
        return TEXT_KEY
    return _DOCUMENTS[named.pop()] if len(named) == 1 else DIGITS


_EXTENSION: Final = re.compile(r"((?<![a-z])(ramal|ext|r\.)|#).*")
_ABROAD: Final = re.compile(r"[^0-9]*\+")  # then comes a country
_COUNTRY: Final = "55"
_AREA: Final = 2  # digits
_LANDLINE, _MOBILE = _AREA + 8, _AREA + 9
_CARRIER: Final = re.compile(r"0[1-9][0-9](?=[1-9]{2}[0-9]{8,9}$)")  # 0 15 11 98765-4321
_TOLL_FREE: Final = re.compile(r"[358]00[0-9]{6,7}|900[0-9]{7}")  # 90012-3456 is a mobile number without its area
_LIKE_A_LINE: Final = re.compile(r"[2-9][1-9]([2-9][0-9]{7}|9[0-9]{8})")  # no number of country 1 has such digits
_LONG_ENOUGH, _LONGEST = 10, 15  # digits of a number with its country, or with its area
_NO_AREA: Final = (8, 9)


def phone_number(text: str) -> str:
    """Reduce a phone number to area and number, without country code 55, trunk 0 and carrier: `11987654321`.

    A mobile number of eight digits gets its ninth. Behind an extension are others: `1134567890 ramal 12`. A number of
    another country stays whole, with its `+` where it could be taken for a Brazilian one: `+51987654321` of Peru.
    RowRejectedError where a number names no line.
    """
    folded = _folded(text)
    line = _line(_EXTENSION.sub("", folded))
    found = _EXTENSION.search(folded)
    extension = _NO_DIGIT.sub("", found[0]) if found else ""
    return f"{line} ramal {extension}" if extension else line


def _line(text: str) -> str:
    digits = _NO_DIGIT.sub("", text)
    if not _ABROAD.match(text):
        national = _national(digits)
    elif (whole := digits.lstrip("0")).startswith(_COUNTRY):
        national = _without_trunk(whole.removeprefix(_COUNTRY))
    elif _LIKE_A_LINE.fullmatch(whole):
        return f"+{whole}"
    else:
        national = whole
    if _TOLL_FREE.fullmatch(national):
        return f"0{national}"
    line = national[_AREA:] if len(national) in (_LANDLINE, _MOBILE) else digits
    if len(set(line)) == 1:  # (11) 99999-9999 too
        raise RowRejectedError(_PLACEHOLDER)
    if len(national) in _NO_AREA:
        raise RowRejectedError("the matching key is a phone number without its area code, which many people may have")
    if not _LONG_ENOUGH <= len(national) <= _LONGEST:
        raise RowRejectedError("the matching key is no phone number: area code and eight or nine digits are needed")
    old_mobile = len(national) == _LANDLINE and national[_AREA] in "6789"
    return f"{national[:_AREA]}9{national[_AREA:]}" if old_mobile else national


def _national(digits: str) -> str:
    """The digits without what stands before area and number."""
    digits = digits.removeprefix("00") if digits.startswith(f"00{_COUNTRY}") else digits
    digits = _without_trunk(_CARRIER.sub("", digits))
    if digits.startswith(_COUNTRY) and len(digits) > _MOBILE:
        digits = _without_trunk(digits.removeprefix(_COUNTRY))
    return digits


def _without_trunk(digits: str) -> str:
    invented = digits.startswith("00") and len(digits) == _MOBILE  # no area is 00: examples have numbers there
    return digits if invented else digits.lstrip("0")


def _ends(text: str) -> list[list[str]]:
    """The last four digits, which stand in one piece whoever writes them; of a Brazilian line the four before, too."""
    number = phone_number(text).partition(" ")[0]
    national = len(number) in (_LANDLINE, _MOBILE) and not number.startswith(("0", "+"))
    return [[number[-4:], number[-8:-4]] if national else [number[-4:]]]


PHONE: Final = KeyForm(
    phone_number,
    lambda text: [text.strip()],
    _ends,
    countless=True,
    control_values=("+55 11 90000-0417", "+55 11 90000-0418"),
)
FORMS: Final[Mapping[Match, KeyForm]] = {"digits": DIGITS, "phone": PHONE}
