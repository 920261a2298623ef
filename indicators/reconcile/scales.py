"""Words for confidence and for reliability, as numbers (STIX 2.1 Appendix A; Admiralty code).

STIX maps only credibility (1 to 6) to numbers. For the reliability of a source (A to F) this node
takes these: A is not 1, as nobody is above error; F, of whom nothing is known, counts like D.
"""

from collections.abc import Mapping
from types import MappingProxyType

#: r of the confidence formula, by the letter that this node gave a member.
RELIABILITY: Mapping[str, float] = MappingProxyType(
    {"A": 0.95, "B": 0.8, "C": 0.6, "D": 0.4, "E": 0.2, "F": 0.4}
)
#: Confidence of what states none: neither sure nor unsure.
UNSAID = 50

_NONE_LOW_MED_HIGH = ((0, 0, "None"), (29, 15, "Low"), (69, 50, "Med"), (100, 85, "High"))
_CREDIBILITY = (
    (19, 10, "5"),
    (39, 30, "4"),
    (59, 50, "3"),
    (79, 70, "2"),
    (100, 90, "1"),
)


def none_low_med_high(confidence: int) -> str:
    """None, Low, Med or High for a confidence of 0 to 100."""
    return _word(_NONE_LOW_MED_HIGH, confidence)


def confidence_of_word(word: str) -> int:
    """The confidence that None, Low, Med or High stands for; raises KeyError."""
    return _number(_NONE_LOW_MED_HIGH, word)


def credibility(confidence: int | None) -> str:
    """The Admiralty credibility, 1 (confirmed) to 5 (improbable); 6 if none is stated."""
    return "6" if confidence is None else _word(_CREDIBILITY, confidence)


def confidence_of_credibility(credibility: str) -> int | None:
    """The confidence that a credibility of 1 to 6 stands for, none for 6; raises KeyError."""
    return None if credibility == "6" else _number(_CREDIBILITY, credibility)


def _word(scale: tuple[tuple[int, int, str], ...], confidence: int) -> str:
    return next(word for highest, _, word in scale if confidence <= highest)


def _number(scale: tuple[tuple[int, int, str], ...], word: str) -> int:
    return {each: number for _, number, each in scale}[word]
