"""What the drafts of a batch of clusters are made from: a case each, read for all at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings

from indicators.detections.drafts.drafting import ClusterState, Content, Terms, wanted_ids
from indicators.detections.drafts.due import Due
from indicators.detections.drafts.facts import ClusterFacts
from indicators.detections.drafts.held import (
    authored_ids,
    claim_ids,
    held_contents,
    observed_ids,
)
from indicators.detections.drafts.seating import ChangedPart
from indicators.detections.stated import Stated
from indicators.detections.submissions.pieces import Submitted
from indicators.stix import Tlp
from indicators.store.sql import Cursor

# drafts_of_cluster: what was published once is changed where it was published.
_HOME = """
SELECT DISTINCT ON (cluster_id) cluster_id, collection_id FROM indicators_draft
WHERE cluster_id = ANY(%s) AND state = 'published' ORDER BY cluster_id, created_at DESC
"""
_DESCRIPTIONS = """
SELECT id, description, described_by_id FROM indicators_cluster
WHERE id = ANY(%s) AND description <> ''
"""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for every draft of a batch."""

    identity_id: str
    id_key: bytes
    now: datetime


@dataclass(slots=True)
class Case:
    """A cluster with all that its draft is made from. `text` is a person's, `author`, on it."""

    cluster: Due
    changed: Sequence[ChangedPart]
    state: ClusterState
    terms: Terms
    home: UUID | None
    text: str = ""
    author: int | None = None
    submitted: Submitted | None = None
    held: Mapping[str, Content] = field(default_factory=dict)


def read_cases(
    cursor: Cursor,
    found: Sequence[Due],
    changed: Mapping[int, list[ChangedPart]],
    said: Mapping[int, Submitted],
    conditions: Conditions,
) -> list[Case]:
    """A case of each cluster. `changed`: its parts that the feed doesn't show as they are."""
    ids = [each.id for each in found]
    homes: dict[int, UUID] = dict(cursor.execute(_HOME, (ids,)).fetchall())
    written = {row[0]: row[1:] for row in cursor.execute(_DESCRIPTIONS, (ids,)).fetchall()}
    cases = []
    for each in found:
        parts, told = changed.get(each.id, ()), said.get(each.id)
        stated = told.stated if told else None
        state, terms = _state(each, parts, stated), _terms(each, stated, conditions)
        home = homes.get(each.id, stated.collection if stated else each.source.collection)
        text, author = ("", told.author) if told else written.get(each.id, ("", None))
        cases.append(Case(each, parts, state, terms, home, text, author, told))
    _read_held(cursor, cases)
    return cases


def _read_held(cursor: Cursor, cases: Sequence[Case]) -> None:
    """What is published of what a draft may change: of a closed cluster everything."""
    loses = [case.cluster for case in cases if case.cluster.loses and case.cluster.is_open]
    wanted = observed_ids(cursor, loses)
    wanted |= authored_ids(cursor, [case.cluster for case in cases if not case.cluster.is_open])
    told = [case.cluster for case in cases if case.submitted and case.cluster.is_open]
    for cluster, names in claim_ids(cursor, told).items():
        wanted.setdefault(cluster, set()).update(names)
    for case in cases:
        if case.cluster.is_open:
            wanted.setdefault(case.cluster.id, set()).update(wanted_ids(case.state, case.terms))
    held = held_contents(cursor, set().union(*wanted.values()))
    for case in cases:
        case.held = {name: held[name] for name in wanted[case.cluster.id] if name in held}


def _state(cluster: Due, changed: Sequence[ChangedPart], stated: Stated | None) -> ClusterState:
    return ClusterState(
        token=cluster.token,
        incarnation=cluster.incarnation,
        is_open=cluster.is_open,
        facts=cluster.facts or ClusterFacts(),
        account_count=cluster.account_count,
        parts=tuple(each.part for each in changed),
        stated=stated,
    )


def _terms(cluster: Due, stated: Stated | None, conditions: Conditions) -> Terms:
    return Terms(
        identity_id=conditions.identity_id,
        tlp=Tlp(stated.tlp) if stated else _strictest(cluster),
        id_key=conditions.id_key,
        now=conditions.now,
        min_accounts=settings.MINIMUM_ACCOUNTS,
        lifetime_days=settings.INDICATOR_DAYS,
        detector_name=cluster.source.name,
        detector_version=cluster.source.version,
    )


def _strictest(cluster: Due) -> Tlp:
    wish = (cluster.facts or ClusterFacts()).tlp
    return max([cluster.source.tlp, *([Tlp(wish)] if wish else [])], key=lambda tlp: tlp.rank)
