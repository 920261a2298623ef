"""What peers will see of a cluster, what became tokens, and what stays here and why."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from indicators.detections.drafts.facts import ClusterFacts
from indicators.detections.drafts.gate import looks_like

Change = Literal["new", "changed", "revoked"]


class Going(msgspec.Struct, frozen=True):
    """An object that leaves the node; `role` says which of the cluster's objects it is."""

    role: str
    object_id: str
    type: str
    change: Change


class Withheld(msgspec.Struct, frozen=True):
    """A field that stays, by the name it has in the native schema, and the reason."""

    field: str
    reason: str


class Refused(msgspec.Struct, frozen=True):
    """A text that must not leave: in which type of object, where (RFC 6901), and why."""

    type: str
    pointer: str
    what: str


class Preview(msgspec.Struct, frozen=True, omit_defaults=True):
    """`tokenized` counts tokens by kind, in the objects that go; never an identifier.

    refused: what keeps a person's submission from being shared at all.
    """

    goes: tuple[Going, ...]
    tokenized: Mapping[str, int]
    withheld: tuple[Withheld, ...]
    refused: tuple[Refused, ...] = ()


class Sifted(msgspec.Struct, frozen=True):
    """What of a cluster's facts may be shared, and what stays."""

    facts: ClusterFacts
    withheld: tuple[Withheld, ...]


FREE_TEXT = "Free text of a detector is not shared: nobody has read it."
OF_ACCOUNTS = "What is known of single accounts is not shared; their identifiers become tokens."
NOT_A_NAME = "It does not have the form of a model's or a version's name."
IN_THE_FUTURE = "It lies in the future: a clock is wrong."


class _Bounds(NamedTuple):
    account_count: int
    min_accounts: int
    latest: datetime


# A field, what is left of it, and why the rest stays.
_Cut = tuple[str, object, str]
_Rule = Callable[[ClusterFacts, _Bounds], Iterator[_Cut]]

_CLOCK_SKEW = timedelta(days=1)


def sift(facts: ClusterFacts, account_count: int, min_accounts: int, now: datetime) -> Sifted:
    """Tell what may be shared from what stays.

    Aggregates of fewer than `min_accounts` accounts stay: they would tell of single people.
    """
    bounds = _Bounds(account_count, min_accounts, now + _CLOCK_SKEW)
    stays = [Withheld(field, FREE_TEXT) for field in facts.withheld]
    if account_count:
        stays.append(Withheld("accounts", OF_ACCOUNTS))
    for rule in _RULES:
        for field, left, reason in rule(facts, bounds):
            facts = msgspec.structs.replace(facts, **{field: left})
            stays.append(Withheld(field, reason))
    return Sifted(facts, tuple(stays))


def _times(facts: ClusterFacts, bounds: _Bounds) -> Iterator[_Cut]:
    for field in ("first_seen", "last_seen"):
        time = getattr(facts, field)
        if time is not None and time > bounds.latest:
            yield field, None, IN_THE_FUTURE


def _totals(facts: ClusterFacts, bounds: _Bounds) -> Iterator[_Cut]:
    accounts = facts.size.value if facts.size else bounds.account_count
    if accounts < bounds.min_accounts:
        for field in ("interaction_count", "output_token_count"):
            if getattr(facts, field) is not None:
                yield field, None, _of_too_few(bounds)


def _small_windows(facts: ClusterFacts, bounds: _Bounds) -> Iterator[_Cut]:
    left = tuple(each for each in facts.windows if each.account_count >= bounds.min_accounts)
    if len(left) < len(facts.windows):
        yield "windows", left, _of_too_few(bounds, len(facts.windows) - len(left))


def _future_windows(facts: ClusterFacts, bounds: _Bounds) -> Iterator[_Cut]:
    left = tuple(each for each in facts.windows if each.start <= bounds.latest)
    if len(left) < len(facts.windows):
        yield "windows", left, IN_THE_FUTURE


def _of_too_few(bounds: _Bounds, windows: int = 0) -> str:
    subject = f"{windows} of them tell" if windows else "It tells"
    return f"{subject} of fewer than {bounds.min_accounts} accounts, so of single people."


# --- Names of models and versions: the one text that a detector chooses freely and that goes ---

# Letters, digits and what stands in version numbers; no more words than products have.
_NAME = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9][A-Za-z0-9._:+/-]*(?: [A-Za-z0-9._:+/-]+){0,2}")


def _version(facts: ClusterFacts, bounds: _Bounds) -> Iterator[_Cut]:
    if facts.detector_version is not None and not _is_name(facts.detector_version):
        yield "detector_version", None, NOT_A_NAME


def _models(facts: ClusterFacts, bounds: _Bounds) -> Iterator[_Cut]:
    targets = tuple(
        each
        for each in facts.model_targets
        if all(map(_is_name, (each.provider, each.family, each.model, each.version)))
    )
    if len(targets) < len(facts.model_targets):
        yield "model_targets", targets, NOT_A_NAME
    pivots = tuple(each for each in facts.pivots if _is_name(each.to_model))
    if len(pivots) < len(facts.pivots):
        yield "pivots", pivots, NOT_A_NAME


def _is_name(text: str | None) -> bool:
    return text is None or (_NAME.fullmatch(text) is not None and looks_like(text) is None)


# --- Terms: a vocabulary is open, but not for numbers of telephones ---

_TERMS = ("capability_targets", "elicitation_techniques", "training_purposes", "access_paths")
NOT_A_TERM = "It looks like an identifier, not like a term."


def _terms(facts: ClusterFacts, bounds: _Bounds) -> Iterator[_Cut]:
    for field in _TERMS:
        stated = getattr(facts, field)
        left = tuple(filter(_is_term, stated))
        if len(left) < len(stated):
            yield field, left, NOT_A_TERM


def _evidence(facts: ClusterFacts, bounds: _Bounds) -> Iterator[_Cut]:
    stated = facts.coordination
    if stated is None:
        return
    traits = tuple(filter(_is_term, stated.traits))
    shared = tuple(each for each in stated.shared_attributes if _is_term(each.kind))
    if (len(traits), len(shared)) != (len(stated.traits), len(stated.shared_attributes)):
        left = msgspec.structs.replace(stated, traits=traits, shared_attributes=shared)
        yield "coordination", left, NOT_A_TERM


def _capabilities(facts: ClusterFacts, bounds: _Bounds) -> Iterator[_Cut]:
    odd = [
        each for each in facts.windows if each.top_capability and not _is_term(each.top_capability)
    ]
    if odd:
        left = tuple(
            msgspec.structs.replace(each, top_capability=None) if each in odd else each
            for each in facts.windows
        )
        yield "windows", left, NOT_A_TERM


def _is_term(text: str) -> bool:
    return looks_like(text) is None


_RULES: tuple[_Rule, ...] = (
    _times,
    _totals,
    _small_windows,
    _future_windows,
    _version,
    _models,
    _terms,
    _evidence,
    _capabilities,
)
