"""How sure this node is of a joint cluster, from what others say and how far it relies on them.

`P = 1 - prod over roots g of (1 - max over i in g of (w_i * r_i * c_i / 100 * decay_i * d_i))`

- A root is what evidence rests on: one organization's own observations. Its indicators, however
  many, and its sightings are one root; those of two organizations are independent.
- w: 1 for first-party evidence, 0 for derived evidence and echoes.
- r: the reader's reliability for the origin (`scales.RELIABILITY`), never the sender's word.
- c: the stated confidence, 50 if none is stated.
- decay: `1 - (t / lifetime)^(1 / speed)`; t runs from the newest version or the newest sighting.
- d: `prod over disputers k of (1 - r_k * share_k)`, each organization once. The share is that of
  false positives among the matched accounts if both are counted; else 0.8 for a strong
  disagreement, 0.5 for a disagreement or "non-malicious".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from math import prod

import msgspec

from indicators.reconcile.corroboration import Standing, corroborating
from indicators.reconcile.scales import RELIABILITY, UNSAID
from indicators.stix.decay import remaining

_STRONG_SHARE = 0.8
_SHARE = 0.5
_WORDS = {
    "A": "completely reliable",
    "B": "usually reliable",
    "C": "fairly reliable",
    "D": "not usually reliable",
    "E": "unreliable",
    "F": "of unknown reliability",
}


@dataclass(frozen=True, slots=True)
class Dispute:
    """An organization's word against a piece of evidence.

    stance: -2 (strongly disagree) to 2; counts: false positives, matched accounts, if told.
    """

    origin: str
    reliability: str
    stance: int
    is_non_malicious: bool = False
    false_positives: int | None = None
    matched: int | None = None

    @property
    def share(self) -> float:
        """How much of the evidence it takes away at full reliability, 0 to 1."""
        if self.false_positives and self.matched:
            return min(self.false_positives / self.matched, 1.0)
        if self.stance <= -2:
            return _STRONG_SHARE
        doubts = self.stance < 0 or self.is_non_malicious or self.false_positives
        return _SHARE if doubts else 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece: an indicator, a sighting, or a cluster of this node. `ref` names it.

    origin: the identity of who says it, which is also the root that it rests on; since: from when
    it ages; lifetime_days: none, it does not.
    """

    kind: str
    ref: str
    origin: str
    reliability: str
    standing: Standing
    confidence: int | None
    since: datetime
    lifetime_days: float | None = None
    decay_speed: float = 1
    disputes: tuple[Dispute, ...] = ()


class Term(msgspec.Struct, frozen=True):
    """What one root contributes: its strongest piece, and how many there are beside it."""

    origin: str
    kind: str
    ref: str
    standing: Standing
    reliability: str
    confidence: int | None
    decay: float
    undisputed: float
    disputed_by: list[str]
    value: float
    others: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """probability: 0 to 1; terms: the strongest first; origins: who saw it themselves."""

    probability: float
    terms: tuple[Term, ...]
    origins: tuple[str, ...]


def assess(evidence: Sequence[Evidence], now: datetime) -> Assessment:
    """What all of the evidence comes to at a time. The order of the evidence does not matter."""
    terms = [_term(each, now) for each in evidence]
    by_root = groupby(sorted(terms, key=_order), key=lambda term: term.origin)
    strongest = [_strongest(list(root)) for _, root in by_root]
    strongest.sort(key=lambda term: (-term.value, term.origin))
    return Assessment(
        probability=1 - prod(1 - term.value for term in strongest),
        terms=tuple(strongest),
        origins=corroborating((each.origin, each.standing) for each in evidence),
    )


def explain(assessment: Assessment, names: Mapping[str, str] | None = None) -> list[str]:
    """Why it is what it is, in sentences; names: of organizations, by identity."""
    known = names or {}
    counted = [term for term in assessment.terms if term.value > 0]
    product = " \N{MULTIPLICATION SIGN} ".join(f"(1 - {term.value:.2f})" for term in counted)
    reasons = [_sentence(term, known) for term in assessment.terms]
    if not counted:
        return [f"{assessment.probability:.2f}: nothing counts.", *reasons]
    return [f"{assessment.probability:.2f} = 1 - {product}.", *reasons]


def _term(each: Evidence, now: datetime) -> Term:
    stated = UNSAID if each.confidence is None else each.confidence
    decay = remaining(now - each.since, each.lifetime_days, each.decay_speed)
    undisputed, disputed_by = _undisputed(each.disputes)
    value = each.standing.weight * RELIABILITY[each.reliability] * stated / 100
    return Term(
        origin=each.origin,
        kind=each.kind,
        ref=each.ref,
        standing=each.standing,
        reliability=each.reliability,
        confidence=each.confidence,
        decay=decay,
        undisputed=undisputed,
        disputed_by=disputed_by,
        value=value * decay * undisputed,
    )


def _undisputed(disputes: Iterable[Dispute]) -> tuple[float, list[str]]:
    """What disputes leave of a term, and whose they are; each organization's hardest counts."""
    taken: dict[str, float] = {}
    for each in disputes:
        share = RELIABILITY[each.reliability] * each.share
        if share > 0:
            taken[each.origin] = max(share, taken.get(each.origin, 0.0))
    return prod(1 - share for share in taken.values()), sorted(taken)


def _order(term: Term) -> tuple[str, float, str]:
    return term.origin, -term.value, term.ref


def _strongest(root: Sequence[Term]) -> Term:
    return msgspec.structs.replace(root[0], others=len(root) - 1)


def _sentence(term: Term, names: Mapping[str, str]) -> str:
    who = names.get(term.origin, term.origin)
    if term.standing is Standing.ECHO:
        return f"{who} adds nothing: every token of {term.ref} was known from others before."
    if term.standing is Standing.DERIVED:
        return f"{who} adds nothing: {term.ref} does not rest on what {who} saw itself."
    stated = "states nothing, so 50" if term.confidence is None else f"states {term.confidence}"
    sentence = (
        f"{who} ({_WORDS[term.reliability]}, {RELIABILITY[term.reliability]:g}) {stated} of 100"
        f" by {term.kind} {term.ref}; {term.decay:.0%} of it is left by its age"
    )
    if term.disputed_by:
        disputers = ", ".join(names.get(each, each) for each in term.disputed_by)
        sentence += f", {term.undisputed:.0%} after the doubts of {disputers}"
    others = f" {term.others} more of its own add nothing to it." if term.others else ""
    return f"{sentence}: {term.value:.2f}.{others}"
