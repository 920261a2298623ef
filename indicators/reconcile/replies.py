"""What this node says of an indicator that matched: a sighting, an opinion. Pure.

They tell counts and times, never which account. A changed mind makes a new version of the same
objects, or takes them back; what was taken back stays so, and is said again under a new id.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from indicators.detections.drafts.drafting import Drafted, Terms
from indicators.detections.drafts.facts import ClusterFacts
from indicators.detections.drafts.ids import object_id
from indicators.detections.drafts.objects import (
    EXTENSIONS,
    MARKINGS,
    Content,
    Frame,
    authored,
    stamp,
)
from indicators.detections.drafts.preview import Withheld
from indicators.detections.drafts.versions import (
    TOO_OFTEN,
    Wanted,
    drafted,
    is_revoked,
    revoked,
    versions,
)
from indicators.detections.errors import DetectionError

REACTIONS: Mapping[str, Mapping[str, str]] = {
    "confirmed": {
        "saw-this-too": "agree",
        "already-known": "agree",
        "actioned": "agree",
        "helpful": "agree",
        "not-helpful": "neutral",
        "outdated": "neutral",
        "disagree-with-labels": "neutral",
    },
    "false-positive": {"non-malicious": "disagree"},
    "needs-information": {"want-more-info": "neutral", "in-review": "neutral"},
    "open": {},
}
"""By what was found of a match: the reactions that fit, and where each is between strongly-disagree
and strongly-agree."""

_STRONGLY = {"agree": "strongly-agree", "disagree": "strongly-disagree"}
_COUNTED = {"confirmed": "matched_account_count", "false-positive": "false_positive_count"}
_GENERATIONS = 5
_CLOCK_SKEW = timedelta(days=1)
_MOST_SEEN = 999_999_999


class ReplyRefused(DetectionError):
    """What cannot be said of a match; the message says what can."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person found of a match (a MatchState) and wants the origin to know.

    explanation: words of theirs, which go with the opinion; is_sure: it is held strongly.
    """

    finding: str
    reaction: str = ""
    explanation: str = ""
    is_sure: bool = False


@dataclass(frozen=True, slots=True)
class Sighted:
    """A match as replies need it. `name` tells it apart from others, and tells nobody which it is.

    first_detected, last_detected: when this node's own detections of the cluster came in.
    """

    name: str
    indicator_id: str
    account_count: int
    facts: ClusterFacts
    first_detected: datetime | None = None
    last_detected: datetime | None = None


def complete(said: Said) -> Said:
    """What is said, with the one reaction that a false positive has; raises ReplyRefused."""
    fitting = REACTIONS[said.finding]
    if said.reaction and said.reaction not in fitting:
        raise ReplyRefused(f"{said.reaction} does not go with {said.finding}; {_listed(fitting)}.")
    if said.finding == "false-positive":
        return Said(said.finding, next(iter(fitting)), said.explanation, said.is_sure)
    if said.explanation and not said.reaction:
        raise ReplyRefused(f"Words for the origin go with a reaction; {_listed(fitting)}.")
    return said


def _listed(fitting: Collection[str]) -> str:
    return f"these fit: {', '.join(fitting)}" if fitting else "none fits a match that is open"


def reply_ids(match: Sighted, terms: Terms) -> list[str]:
    """The ids whose last published content `draft_reply` has to be given, if there is any."""
    return [each for role in ("sighting", "opinion") for each in _ids(role, match, terms)]


def draft_reply(match: Sighted, said: Said, terms: Terms, held: Mapping[str, Content]) -> Drafted:
    """The objects that differ from what is published of this match: new, changed, revoked.

    held: the last published content by id, without signatures.
    """
    withheld = [*_too_few(match, said, terms)]
    wanted: list[Wanted] = []
    for role, content in _contents(match, said, terms):
        free = (each for each in _ids(role, match, terms) if not is_revoked(held.get(each)))
        name = next(free, None)
        if name is None:
            withheld.append(Withheld(role, TOO_OFTEN))
        else:
            wanted.append((role, {**content, "id": name}))
    kept = {content["id"] for _, content in wanted}
    gone = (content for name, content in held.items() if name not in kept)
    news = [*versions(wanted, held, terms.now), *revoked(gone, terms.now)]
    return drafted(news, held, withheld)


def _ids(role: str, match: Sighted, terms: Terms) -> list[str]:
    return [
        object_id(role, terms.id_key, f"match/{match.name}", generation, role)
        for generation in range(_GENERATIONS)
    ]


def _contents(match: Sighted, said: Said, terms: Terms) -> Iterator[Wanted]:
    if said.finding == "confirmed":
        yield "sighting", _sighting(match, terms)
    if said.reaction:
        yield "opinion", _opinion(match, said, terms)


def _sighting(match: Sighted, terms: Terms) -> Content:
    frame = Frame(terms.identity_id, MARKINGS[terms.tlp], match.facts.confidence, "")
    content = authored(frame, "sighting", "")
    content["sighting_of_ref"] = match.indicator_id
    content["where_sighted_refs"] = [terms.identity_id]
    content |= _seen(match, terms)
    if match.account_count >= terms.min_accounts:
        content["count"] = min(match.account_count, _MOST_SEEN)
    return content


def _opinion(match: Sighted, said: Said, terms: Terms) -> Content:
    content = authored(Frame(terms.identity_id, MARKINGS[terms.tlp], None, ""), "opinion", "")
    opinion = REACTIONS[said.finding][said.reaction]
    content["opinion"] = _STRONGLY.get(opinion, opinion) if said.is_sure else opinion
    content["object_refs"] = [match.indicator_id]
    if said.explanation:
        content["explanation"] = said.explanation
    feedback: Content = {
        "extension_type": "property-extension",
        "reaction": said.reaction,
        "human_reviewed": True,
    }
    counted = _COUNTED.get(said.finding)
    if counted and match.account_count >= terms.min_accounts:
        feedback[counted] = match.account_count
    content["extensions"] = {EXTENSIONS["feedback"]: feedback}
    return content


def _seen(match: Sighted, terms: Terms) -> Content:
    """As the detector says; what it doesn't say, or says of the future, as its findings came in."""
    latest = terms.now + _CLOCK_SKEW
    first, last = (
        stated if stated is not None and stated <= latest else detected
        for stated, detected in (
            (match.facts.first_seen, match.first_detected),
            (match.facts.last_seen, match.last_detected),
        )
    )
    if first and last and last < first:
        last = None
    return {
        name: stamp(when) for name, when in (("first_seen", first), ("last_seen", last)) if when
    }


def _too_few(match: Sighted, said: Said, terms: Terms) -> Iterator[Withheld]:
    """How many accounts it are tells of single people, as long as it are few."""
    if said.finding in _COUNTED and match.account_count < terms.min_accounts:
        reason = f"It tells of fewer than {terms.min_accounts} accounts, so of single people."
        yield Withheld("account_count", reason)
