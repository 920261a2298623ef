"""Versions of objects: what a draft says beside what was published of the same objects. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from indicators.detections.drafts.objects import EXTENSIONS, Content, stamp
from indicators.detections.drafts.preview import Change, Going, Preview, Withheld
from indicators.detections.errors import DetectionError

TOO_OFTEN = "It was taken back as often as it can be; it is not published again."

# Said once and for all: they have no versions, and nothing to revoke.
_UNVERSIONED = ("ai-traffic-aggregate", "marking-definition")
_REVOKED = (
    "The {} was revoked, which is for good: deal the tokens of a part to a new part, and open a "
    "cluster again under a new incarnation."
)

#: An object's role, and what it says, without times.
Wanted = tuple[str, Content]


class DraftRefused(DetectionError):
    """What cannot be drafted as it stands; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """Objects with their roles, unsigned, in an order in which no reference points forward."""

    objects: list[tuple[str, Content]]
    preview: Preview


def versions(
    wanted: Iterable[Wanted], held: Mapping[str, Content], now: datetime
) -> Iterator[Wanted]:
    """What is new or says something else than what is published, with times."""
    for role, content in wanted:
        published = held.get(content["id"])
        if content["type"] in _UNVERSIONED:
            if published is None:
                yield role, content
        elif published is None:
            yield role, {**content, "created": stamp(now), "modified": stamp(now)}
        elif is_revoked(published):
            raise DraftRefused(_REVOKED.format(content["type"]))
        else:
            times = {"created": published["created"], "modified": published["modified"]}
            if {**content, **times} != published:
                yield role, {**content, **times, "modified": _later(published, now)}


def revoked(contents: Iterable[Content], now: datetime) -> Iterator[Wanted]:
    """A revocation repeats the last content; an observable has no versions to revoke."""
    for content in contents:
        if content["type"] not in _UNVERSIONED and not is_revoked(content):
            modified = _later(content, now)
            yield content["type"], {**content, "modified": modified, "revoked": True}


def is_revoked(content: Content | None) -> bool:
    return content is not None and content.get("revoked", False) is True


def _later(published: Content, now: datetime) -> str:
    """The time now, or a millisecond after the last version if the clock stepped back."""
    last = datetime.fromisoformat(published["modified"])
    return stamp(max(now, last + timedelta(milliseconds=1)))


def drafted(
    news: Iterable[Wanted], held: Mapping[str, Content], withheld: Iterable[Withheld]
) -> Drafted:
    listed = list(news)
    tokenized: Counter[str] = Counter()
    for _, content in listed:
        if content["type"] == "indicator" and not is_revoked(content):
            described = content["extensions"][EXTENSIONS["token-indicator"]]
            tokenized[described["kinds"][0]] += described["token_count"]
    going = tuple(
        Going(role, content["id"], content["type"], _change(content, held))
        for role, content in listed
    )
    return Drafted(listed, Preview(going, dict(tokenized), tuple(withheld)))


def _change(content: Content, held: Mapping[str, Content]) -> Change:
    if is_revoked(content):
        return "revoked"
    return "changed" if content["id"] in held else "new"
