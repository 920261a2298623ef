"""The tokens of an indicator: what its pattern compares identifier-token:value with."""

import base64
import re
from collections.abc import Iterator
from functools import lru_cache

import orjson

from indicators.stix.patterns import Lexeme, MalformedPattern, lexemes

_TEXT = re.compile(r"'psi1\.([a-z2-7]{8})\.([A-Za-z0-9_-]{21}[AQgw])'")
"""A token in a pattern. Its last character carries two bits: each token has one spelling."""

# The form that we author: one set of tokens and nothing else.
_SET = re.compile(r"\[identifier-token:value IN \([^()\\]*+\)\]")
_MENTION = b"identifier-token"


def tokens_of(body: bytes) -> list[bytes]:
    """The tokens (21 bytes: key id, then output) that an object's pattern looks for, each once.

    `body` is canonical JSON of any valid object; what is no STIX pattern over tokens has none.
    Comparisons by = and IN count, negated ones don't.
    """
    if _MENTION not in body:  # spares all others the reading
        return []
    value = orjson.loads(body)
    pattern = value.get("pattern")
    if value.get("pattern_type") != "stix" or not isinstance(pattern, str):
        return []
    return tokens_in(pattern)


def tokens_in(pattern: str) -> list[bytes]:
    """The tokens that a STIX pattern looks for, each once; none if it is no such pattern."""
    if _SET.fullmatch(pattern):
        found = [match.groups() for match in _TEXT.finditer(pattern)]
    else:
        found = [match.groups() for text in _compared(pattern) if (match := _TEXT.fullmatch(text))]
    return list(dict.fromkeys(_key_id(key_id) + _output(output) for key_id, output in found))


def _compared(pattern: str) -> Iterator[str]:
    """The literals, in their quotes, that identifier-token:value is compared with."""
    try:
        words = list(lexemes(pattern))
    except MalformedPattern:
        return
    for at, word in enumerate(words):
        if word.text == "identifier-token" and _is_value(words[at + 1 : at + 3]):
            yield from _literals(words, at + 3)


def _is_value(path: list[Lexeme]) -> bool:
    return [step.text.strip("'") for step in path] == [":", "value"]


def _literals(words: list[Lexeme], at: int) -> Iterator[str]:
    """What stands behind the operator at `at`: one literal, or those of a set."""
    if words[at].kind in ("=", "=="):
        yield words[at + 1].text
    elif words[at].kind == "IN":
        for word in words[at + 2 :]:
            if word.kind == ")":
                return
            yield word.text


@lru_cache(maxsize=1024)
def _key_id(text: str) -> bytes:
    return base64.b32decode(text.upper())


def _output(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")
