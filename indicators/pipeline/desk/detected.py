"""Detections as people look at them and judge them; what stopped, and sending it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.contrib.auth.models import User

from indicators.detections import judging
from indicators.detections.clusters import ClusterView, read_cluster
from indicators.detections.drafts import reviewing
from indicators.detections.drafts.facts import ClusterFacts
from indicators.detections.drafts.reviewing import Said
from indicators.detections.drafts.telling import Fact, facts_of
from indicators.detections.errors import NotHeld
from indicators.detections.finding import Window
from indicators.detections.found import DetectionView, read_detection
from indicators.models import Role, Verdict
from indicators.people.roles import roles_of
from indicators.pipeline.contributing import CLUSTERS_AT_ONCE, DRAFT
from indicators.pipeline.handing_over import hand_over_all
from indicators.pipeline.waiting import run_again
from indicators.reconcile import delivery
from indicators.store.sql import open_cursor

# entry_by_object
_NEWEST = """
SELECT max(seq) FROM indicators_entry
WHERE collection_id = %(collection)s AND stix_id = ANY(%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """An organization that reads where it was published. `has_it`: it holds the newest of it."""

    name: str
    state: str
    has_it: bool


@dataclass(frozen=True, slots=True)
class ClusterPage:
    """A cluster with its facts in words, who has what was published of it, and what was said."""

    cluster: ClusterView
    facts: Sequence[Fact]
    withheld: Sequence[str]
    windows: Sequence[Window]
    holders: Sequence[Holder]
    said: Sequence[Said]


@dataclass(frozen=True, slots=True)
class DetectionPage:
    """A detection with its facts in words."""

    found: DetectionView
    facts: Sequence[Fact]
    withheld: Sequence[str]


def cluster_page(number: int, person: User, below: int | None) -> ClusterPage:
    """Everything on a cluster's page; raises NotHeld. Twelve statements, whatever its size."""
    found = read_cluster(number, person.pk, below=below)
    if found is None:
        raise NotHeld("There is no such cluster.")
    return ClusterPage(
        cluster=found,
        facts=_told(found.facts),
        withheld=found.facts.withheld if found.facts else (),
        windows=found.facts.windows if found.facts else (),
        holders=_holders(found),
        said=reviewing.said_of_cluster(number),
    )


def detection_page(uuid: UUID, person: User) -> DetectionPage:
    """Everything on a detection's page; raises NotHeld."""
    found = read_detection(uuid, person.pk)
    if found is None:
        raise NotHeld("There is no such detection.")
    facts = found.facts
    return DetectionPage(found, _told(facts), facts.withheld if facts else ())


def judge(detections: Sequence[UUID], verdict: Verdict, person: User, reason: str) -> None:
    """A person's verdict on findings; what it changes of what is shared is drafted at once."""
    due = judging.judge(detections, verdict, person, reason)
    hand_over_all(DRAFT, due, at_once=CLUSTERS_AT_ONCE)


def send_again(person: User, ids: Sequence[UUID] | None) -> int:
    """What failed on its way goes again, all of it or these; how many. Raises VerdictRefused."""
    if not {Role.ANALYST, Role.REVIEWER} & roles_of(person):
        raise judging.VerdictRefused("Only analysts and reviewers send anything again.")
    return run_again(person.get_username(), ids)


def _told(facts: ClusterFacts | None) -> tuple[Fact, ...]:
    """Facts in words; windows are drawn, and what was left out is listed, elsewhere."""
    if facts is None:
        return ()
    told = msgspec.to_builtins(facts)
    return facts_of({name: value for name, value in told.items() if name not in _ELSEWHERE})


_ELSEWHERE = ("windows", "withheld")


def _holders(found: ClusterView) -> list[Holder]:
    home = next((each.collection_id for each in found.drafts if each.state == "published"), None)
    if home is None or not found.published:
        return []
    asked = {"collection": home, "ids": [stix_id for stix_id, _ in found.published]}
    with open_cursor() as cursor:
        [(newest,)] = cursor.execute(_NEWEST, asked).fetchall()
    return [
        Holder(each.name, each.state, newest is not None and newest < each.size)
        for each in delivery.readers(home)
    ]
