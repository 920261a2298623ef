"""Who decides on a draft, and when a detector has erred too often to decide by itself."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from indicators.detections.drafts.gate import last_name, open_texts
from indicators.detections.vocabulary import vocabularies
from indicators.stix import Tlp

# --- Conditions that ask for a person ---

_FREEST_REVIEWED = Tlp.AMBER
# Names of products and of the detector itself: their form was checked when they were sifted.
_PRODUCTS = {"provider", "family", "model", "version", "to_model"}
_EXTENSIONS = "extensions"
# Attributes that accounts share beside the kinds of tokens.
_ATTRIBUTES = {"ip", "asn", "user-agent", "ja4"}


def review_reasons(objects: Iterable[Mapping[str, Any]], policy: str, tlp: Tlp) -> list[str]:
    """Why a person has to look at these objects; nothing if they may be published at once.

    policy: "publish" or "review". What cannot be told apart from free text is free text.
    """
    reasons = {}
    if policy != "publish":
        reasons["policy: drafts of this detector are reviewed"] = True
    if tlp.rank >= _FREEST_REVIEWED.rank:
        reasons[f"marking: TLP:{tlp.value.upper()} is above TLP:GREEN"] = True
    for content in objects:
        if _names_an_organization(content):
            reasons[f"named organization: {content['type']}"] = True
        for kind, field in _unread(content):
            reasons[f"{kind}: {field} of {content['type']}"] = True
    return list(reasons)


def _unread(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts that no vocabulary and no form vouches for: their kind and field."""
    for path, text in open_texts(content):
        field = last_name(path)
        is_ours = path[0] == _EXTENSIONS
        if field in vocabularies() or (field == "kind" and is_ours):
            if text not in _ATTRIBUTES:
                yield "unknown vocabulary", field
        elif not (is_ours and (field in _PRODUCTS or path[-2:] == ("detector", "name"))):
            yield "free text", field


def _names_an_organization(content: Mapping[str, Any]) -> bool:
    """Any identity but the author's own; a claim about one names it too."""
    if content["type"] == "identity":
        return True
    refs = (
        ref
        for name, value in content.items()
        if name.endswith(("_ref", "_refs")) and name != "created_by_ref"
        for ref in (value if isinstance(value, list) else [value])
    )
    return any(ref.startswith("identity--") for ref in refs)


# --- Demotion ---

MAX_RATE = 0.05
"""The false-positive rate that a detector may have and still publish by itself."""

_DOUBT = 0.05
"""What is left to chance by bounds at 95 % confidence."""

_FEW = 20


def is_to_be_demoted(false_positives: int, reviewed: int) -> bool:
    """Whether what was reviewed says that the rate may be, or surely is, above `MAX_RATE`.

    From 20 reviewed findings on, one false positive is enough that the rate *may* be above it: the
    upper bound decides, and a detector publishes by itself again by a person's decision. Before,
    the upper bound is above it whatever the detector does, so the lower bound decides: one error in
    one demotes nobody, two in five do.
    """
    if not false_positives:
        return False
    if reviewed < _FEW:
        # The lower bound is above the rate iff so many errors are that improbable under the rate;
        # one in one has a chance of exactly 5 %, so rounding must not decide.
        return 1 - _at_most(false_positives - 1, reviewed, MAX_RATE) < _DOUBT - 1e-9
    return upper_bound(false_positives, reviewed) > MAX_RATE


def upper_bound(false_positives: int, reviewed: int) -> float:
    """The exact (Clopper-Pearson) one-sided upper bound of the rate at 95 % confidence; 1 if
    nothing was reviewed."""
    if not 0 <= false_positives <= reviewed:
        raise ValueError("False positives are counted among the reviewed findings.")
    if false_positives == reviewed:
        return 1.0
    low, high = false_positives / reviewed, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(false_positives, reviewed, middle) > _DOUBT:
            low = middle
        else:
            high = middle
    return high


def _at_most(errors: int, trials: int, rate: float) -> float:
    """The probability of at most so many errors: the binomial distribution, summed in logarithms
    so that thousands of trials neither overflow nor vanish."""
    if errors >= trials or rate <= 0:
        return 1.0
    if rate >= 1:
        return 0.0
    whole = math.lgamma(trials + 1)
    return math.fsum(
        math.exp(
            whole
            - math.lgamma(each + 1)
            - math.lgamma(trials - each + 1)
            + each * math.log(rate)
            + (trials - each) * math.log1p(-rate)
        )
        for each in range(errors + 1)
    )
