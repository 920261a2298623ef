"""The last look at what leaves: nothing in it may name a person or hold a raw identifier.

What is certainly not free text is passed by its exact form: ids, timestamps, tokens, terms of the
schemas, names that we generate. Every other text is looked at in two ways: does it look like an
identifier, and is one of the detection's own identifiers or names in it.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

from federation.canonical import pointer
from indicators.detections.drafts.claimed import ATTRIBUTION, is_claim
from indicators.detections.drafts.objects import CONSTANTS, GENERATED_NAME
from indicators.stix.domain_objects import DOMAIN_OBJECTS, RELATIONSHIP_OBJECTS
from indicators.stix.extensions import extensions
from indicators.stix.object_types import COMMON
from indicators.stix.timestamps import is_timestamp


@dataclass(frozen=True, slots=True)
class GateFinding:
    """A text that must not leave. `what` says why, and never what it says."""

    object_id: str
    pointer: str
    what: str


def check(
    objects: Iterable[Mapping[str, Any]], raw: Collection[str], names: Collection[str]
) -> list[GateFinding]:
    """Everything in these objects that must not be shared; nothing if they may go.

    raw: the identifiers and references of their detections; names: people's names given in them.
    """
    texts = [
        _Text(_id(each), pointer(*path), text)
        for each in objects
        for path, text in open_texts(each)
    ]
    findings = [
        GateFinding(text.object_id, text.place, f"looks like {what}")
        for text in texts
        if (what := looks_like(text.text))
    ]
    if texts:
        leaks = _Leaks(texts)
        findings += leaks.of(raw, "contains an identifier of the detection")
        findings += leaks.of_names(names, "contains a person's name from the detection")
    return sorted(set(findings), key=lambda each: (each.object_id, each.pointer, each.what))


def unclaimed(objects: Iterable[Mapping[str, Any]]) -> list[GateFinding]:
    """The objects that name an organization without saying who claims it, its status and source.

    A claim needs all three; an organization or an actor needs a claim that leads to it.
    """
    listed = [each for each in objects if not each.get("revoked")]
    claims = [each for each in listed if is_claim(each)]
    claimed = {ref for claim in claims for ref in _ends(claim)}
    bare = [(claim, what) for claim in claims if (what := _lacks(claim))]
    bare += [
        (each, "names an organization without a claim")
        for each in listed
        if each["type"] in ("identity", "threat-actor") and each["id"] not in claimed
    ]
    return [GateFinding(_id(each), _NAMING, f"{what}; {_CLAIM_CURE}") for each, what in bare]


_NAMING = "/"
_CLAIM_CURE = "say who claims it, with what status, and where that can be read"


def _ends(claim: Mapping[str, Any]) -> tuple[Any, ...]:
    by = claim.get("extensions", {}).get(ATTRIBUTION, {}).get("claimed_by_ref")
    return claim["source_ref"], claim["target_ref"], by


def _lacks(claim: Mapping[str, Any]) -> str | None:
    stated = claim.get("extensions", {}).get(ATTRIBUTION, {})
    if not stated.get("claimed_by_ref"):
        return "attributes without a claim"
    if not stated.get("status"):
        return "is a claim without a status"
    return None if claim.get("external_references") else "is a claim without a source"


def sentence(findings: Collection[GateFinding]) -> str:
    """All findings in one line for people: places and reasons, no values."""
    listed = [f"{each.pointer} of {each.object_id} {each.what}" for each in findings]
    more = len(listed) - _LISTED
    text = "; ".join(listed[:_LISTED]) + (f"; and {more} more" if more > 0 else "")
    return f"Not shared: {text}. Take it out, or withhold the finding."


_LISTED = 5


def _id(content: Mapping[str, Any]) -> str:
    """An id that is none is a text like any other, and not for people to read."""
    stated = str(content.get("id", ""))
    return stated if _ID.fullmatch(stated) else _UNKNOWN


# --- Which texts are looked at ---

_ID = re.compile(r"[a-z0-9-]{3,250}--[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_TOKEN = r"psi1\.[a-z2-7]{8}\.[A-Za-z0-9_-]{22}"  # noqa: S105 - a form, no secret
_OPAQUE = re.compile(rf"{_TOKEN}|sha256:[0-9a-f]{{64}}")
_TOKEN_PATTERN = re.compile(rf"\[identifier-token:value IN \('{_TOKEN}'(?:, ?'{_TOKEN}')*+\)\]")
_CLUSTER_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


Path = tuple[str | int, ...]
_UNKNOWN = "*"


def open_texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text that is not certainly harmless, with its path; unknown keys are texts too."""
    if isinstance(value, str):
        if not _is_passed(last_name(path), value):
            yield path, value
    elif isinstance(value, Mapping):
        known = _property_names()
        for key, each in value.items():
            if key not in known and not _ID.fullmatch(key):
                yield (*path, _UNKNOWN), key
                key = _UNKNOWN  # a place is shown to people, and this key may be an identifier
            # Most values are passed texts and numbers: no path is made for these.
            if isinstance(each, str) and _is_passed(key, each):
                continue
            if not isinstance(each, int | float):
                yield from open_texts(each, (*path, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from open_texts(each, (*path, index))


def last_name(path: Path) -> str:
    """The property that a path leads to, whatever the index in it."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


_FORMS = {"id": _ID, "pattern": _TOKEN_PATTERN, "name": GENERATED_NAME, "cluster_key": _CLUSTER_KEY}


def _is_passed(name: str, text: str) -> bool:
    if text in _terms():
        return True
    form = _ID if name.endswith(("_ref", "_refs")) else _FORMS.get(name)
    if form is not None:
        return form.fullmatch(text) is not None
    if text[-1:] == "Z" and is_timestamp(text):
        return True
    return _OPAQUE.fullmatch(text) is not None


@cache
def _terms() -> frozenset[str]:
    """Every text that a schema of ours names, and every type."""
    types = {each.name for each in (*DOMAIN_OBJECTS, *RELATIONSHIP_OBJECTS)}
    named = {text for each in extensions().values() for text in _terms_of(each.schema)}
    return frozenset(CONSTANTS | types | named)


def _terms_of(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key in ("const", "enum", "x-open-vocab"):
                listed = value if isinstance(value, list) else [value]
                yield from (each for each in listed if isinstance(each, str))
            else:
                yield from _terms_of(value)


@cache
def _property_names() -> frozenset[str]:
    """The properties that STIX and our extensions define."""
    names = {name for each in COMMON.values() for name in each}
    for each in (*DOMAIN_OBJECTS, *RELATIONSHIP_OBJECTS):
        names |= each.properties.keys()
    for extension in extensions().values():
        names |= set(_properties_of(extension.schema))
    names |= {"source_name", "external_id", "url", "marking_ref", "selectors"}
    return frozenset(names | {"iep_version", "permitted_actions", "start_date", "end_date"})


def _properties_of(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        properties = schema.get("properties", {})
        yield from properties
        for value in (*properties.values(), schema.get("items")):
            yield from _properties_of(value)


# --- What a text looks like ---

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_DEFANGED = re.compile(r"\s?[\[({](?:\.|dot|@|at)[\])}]\s?", re.IGNORECASE)
# Digits that are none of a person's: in ids, dates, and names of models that end in a date.
_HARMLESS = re.compile(
    rf"{_ID.pattern}|{_TOKEN}|[0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}}"
    r"|\b\d{4}-\d\d-\d\d(?:T[0-9:.]+Z?|\b)"
    r"|\b[A-Za-z]\w{0,15}(?:[-.](?:[A-Za-z]\w{0,15}|\d{1,2})){0,8}"
    r"-20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\b"
)
_EMAIL = re.compile(r"\w@\w")
_IPV4 = re.compile(r"(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9a-f]*:[0-9a-f]*:)[0-9a-f:.]{3,45}(?![\w:])", re.IGNORECASE)
_CARD = re.compile(r"(?<!\d)\d(?:[ ._-]?\d){12,18}(?!\d)")
_PHONE = re.compile(
    r"\+\s?\(?\d(?:[\s().\-/]{0,2}\d){6,14}(?!\d)|(?<![\w.])\(?\d(?:[\s().\-/]{0,2}\d){8,14}(?!\w)"
)
_KEY = re.compile(
    r"\bsk-[\w-]{16,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\bgh[pousr]_\w{20,}"
    r"|\bgithub_pat_\w{20,}|\bxox[a-z]-[\w-]{10,}|\bhf_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\beyJ[\w-]{10,500}\.eyJ|-----BEGIN [A-Z ]+-----|\b[0-9a-fA-F]{32,}\b"
)
_LONG_WORD = re.compile(r"[A-Za-z0-9_+/-]{24,}")


@lru_cache(maxsize=4096)
def looks_like(text: str) -> str | None:
    """What kind of identifier a text seems to hold, None if it seems to hold none.

    It errs on the side of refusing: ten digits in a row are a telephone number.
    """
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    plain = _HARMLESS.sub(" ", _DEFANGED.sub(_refanged, plain))
    if _EMAIL.search(plain):
        return "an e-mail address"
    if any(_is_address(found[0]) for form in (_IPV4, _IPV6) for found in form.finditer(plain)):
        return "an IP address"
    if any(_passes_luhn(found[0]) for found in _CARD.finditer(plain)):
        return "a payment card number"
    if _KEY.search(plain) or any(_is_random(found[0]) for found in _LONG_WORD.finditer(plain)):
        return "an API key"
    return "a telephone number" if _PHONE.search(plain) else None


def _refanged(found: re.Match[str]) -> str:
    return "." if "." in found[0] or "dot" in found[0].lower() else "@"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.rstrip("."))
    except ValueError:
        return False
    return True


def _passes_luhn(text: str) -> bool:
    digits = [int(each) for each in reversed(text) if each.isdecimal()]
    doubled = [each * 2 - 9 * (each > 4) for each in digits[1::2]]
    return any(digits) and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_random(word: str) -> bool:
    """Small and capital letters and several digits in one long word: nobody writes so."""
    return (
        sum(each.isdigit() for each in word) > 2
        and any(each.islower() for each in word)
        and any(each.isupper() for each in word)
    )


# --- Which of the detection's own identifiers are in a text ---

_GRAM = 6
_TELLING = 4
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class _Text:
    object_id: str
    place: str
    text: str


class _Leaks:
    """Finds known values in texts: many values, few texts, so the texts are what is indexed.

    Values of at least six letters and digits are found whatever stands between these; shorter ones
    as the same words in the same order. The shortest and small numbers tell nobody apart: "4" is
    somebody's account, and part of the name of a model.
    """

    def __init__(self, texts: Iterable[_Text]) -> None:
        self._texts = list(texts)
        self._grams = {
            squeezed[start : start + _GRAM]
            for squeezed in (_squeezed(each.text) for each in self._texts)
            for start in range(len(squeezed) - _GRAM + 1)
        }
        self._vocabulary = {word for each in self._texts for word in _words(each.text)}

    def of(self, values: Collection[str], what: str) -> Iterator[GateFinding]:
        for value in values:
            squeezed = _squeezed(value)
            if len(squeezed) >= _GRAM:
                if squeezed[:_GRAM] in self._grams:
                    yield from self._found(what, partial(_is_in, squeezed))
            elif len(squeezed) >= _TELLING and not value.isdecimal():
                words = _words(value)
                if self._vocabulary.issuperset(words):
                    yield from self._found(what, partial(_is_phrase_of, words))

    def of_names(self, names: Collection[str], what: str) -> Iterator[GateFinding]:
        """A name is one in any order of its words, whatever stands between."""
        for name in names:
            words = frozenset(_words(name))
            if words and words <= self._vocabulary:
                yield from self._found(what, partial(_are_words_of, words))

    def _found(self, what: str, is_in: Callable[[_Text], bool]) -> Iterator[GateFinding]:
        for text in self._texts:
            if is_in(text):
                yield GateFinding(text.object_id, text.place, what)


def _is_in(squeezed: str, text: _Text) -> bool:
    """A number is found whole: 202505 is not in 20250514."""
    content = _squeezed(text.text)
    if not squeezed.isdecimal():
        return squeezed in content
    whole = re.compile(rf"(?<!\d){squeezed}(?!\d)")
    return whole.search(content) is not None or whole.search(text.text) is not None


def _is_phrase_of(words: Sequence[str], text: _Text) -> bool:
    return f" {' '.join(words)} " in f" {' '.join(_words(text.text))} "


def _are_words_of(words: frozenset[str], text: _Text) -> bool:
    return words.issubset(_words(text.text))


def _folded(text: str) -> str:
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return text.casefold()


def _squeezed(text: str) -> str:
    """Letters and digits alone: what stands between them is the first thing that changes."""
    folded = _folded(text)
    return folded if folded.isalnum() else "".join(filter(str.isalnum, folded))


def _words(text: str) -> list[str]:
    return _WORD.findall(_folded(text))
