"""One match as a person judges it: what we saw beside what they say, and how sure that makes us.

A bounded number of statements, whatever there is of detections, answers and versions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from indicators.detections.drafts.facts import ClusterFacts
from indicators.detections.drafts.held import held_contents
from indicators.detections.identifiers.sealing import open_sealer
from indicators.models import Answer, Authored, Draft, JointCluster, KnownIndicator, Member
from indicators.reconcile import holding, telling
from indicators.reconcile.answering import opened_facts
from indicators.reconcile.assessment import explained
from indicators.reconcile.confidence import Dispute, Evidence, assess, explain
from indicators.reconcile.corroboration import standing_of
from indicators.reconcile.holding import HeldAct
from indicators.reconcile.leads import Lead, leads_named
from indicators.reconcile.telling import Shared
from indicators.stix.decay import remaining
from indicators.store.sql import open_cursor

#: Words of others, and answers of ours, that are shown: the newest.
SHOWN = 50

# detections_of_cluster
_OURS = """
SELECT c.data_key_id, c.sealed_facts, c.is_open, r.tlp, seen.*
FROM indicators_cluster c JOIN indicators_detector r ON r.id = c.detector_id
CROSS JOIN LATERAL (
    SELECT count(*), coalesce(sum(account_count), 0), min(received_at), max(received_at)
    FROM indicators_detection
    WHERE cluster_id = c.id AND is_open AND stage NOT IN ('withheld', 'superseded')
) seen
WHERE c.id = %s
"""


@dataclass(frozen=True, slots=True)
class Ours:
    """What this node found: the cluster's open findings together; `tlp`, as the detector's is."""

    facts: ClusterFacts
    is_open: bool
    tlp: int
    finding_count: int
    account_count: int
    first_received: datetime | None
    last_received: datetime | None
    campaign: str


@dataclass(frozen=True, slots=True)
class Theirs:
    """What the indicator says, and how far this node relies on who says it.

    content, subject_content: as they were published, without signatures; empty if erased here.
    left: the share of its confidence that its age leaves, 0 to 1.
    """

    known: KnownIndicator
    origin: Member
    content: Mapping[str, Any]
    subject_content: Mapping[str, Any]
    left: float


@dataclass(frozen=True, slots=True)
class Word:
    """What another organization answered to the indicator, or to what it is of."""

    origin: str
    kind: str
    target: str
    reaction: str
    stance: int
    count: int
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """A draft of ours on this match: what it says, and where it stands."""

    id: UUID
    state: str
    created_at: datetime
    says: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision needs. `why_indicator`, `why_joint`: confidence, term by term."""

    lead: Lead
    ours: Ours
    theirs: Theirs | None
    shared: tuple[Shared, ...]
    why_indicator: tuple[str, ...]
    why_joint: tuple[str, ...]
    words: tuple[Word, ...]
    replies: tuple[Reply, ...]
    held: HeldAct | None


def read_case(uuid: UUID) -> Case | None:
    """The match of this id, whether it stands or is over; None if there is none."""
    found = leads_named([uuid])
    if not found:
        return None
    [lead] = found
    known = KnownIndicator.objects.filter(pk=lead.indicator).select_related("origin").first()
    answers = _answers(lead, known)
    joint = JointCluster.objects.filter(pk=lead.joint).first() if lead.joint else None
    return Case(
        lead=lead,
        ours=_ours(lead),
        theirs=None if known is None else _theirs(known),
        shared=tuple(telling.shared(lead.kinds)),
        why_indicator=() if known is None else tuple(_why(known, answers)),
        why_joint=() if joint is None else tuple(explained(joint)),
        words=tuple(_word(each) for each in answers if not each.is_own),
        replies=tuple(_replies(uuid)),
        held=holding.held_of(uuid),
    )


def _ours(lead: Lead) -> Ours:
    with open_cursor() as cursor:
        [row] = cursor.execute(_OURS, (lead.cluster,)).fetchall()
    key, sealed, is_open, tlp, findings, accounts, first, last = row
    facts = opened_facts(open_sealer(), lead.cluster, key, sealed)
    campaign = Authored.objects.filter(cluster_id=lead.cluster, role="campaign")
    shown = campaign.order_by("-incarnation").values_list("stix_id", flat=True).first()
    return Ours(facts, is_open, tlp, findings, int(accounts), first, last, shown or "")


def _theirs(known: KnownIndicator) -> Theirs:
    with open_cursor() as cursor:
        contents = held_contents(cursor, {known.stix_id, known.subject})
    age = datetime.now(UTC) - known.modified
    return Theirs(
        known,
        known.origin,
        contents.get(known.stix_id, {}),
        contents.get(known.subject, {}) if known.subject != known.stix_id else {},
        remaining(age, known.lifetime_days, known.decay_speed),
    )


def _answers(lead: Lead, known: KnownIndicator | None) -> list[Answer]:
    """The newest word of each organization; answers_to_object."""
    targets = {lead.indicator, *([known.subject] if known else [])}
    rows = Answer.objects.filter(target__in=targets, is_revoked=False).select_related("origin")
    newest: dict[tuple[UUID, str, str], Answer] = {}
    for each in rows.order_by("-said_at", "stix_id")[: SHOWN * 4]:
        newest.setdefault((each.origin_id, each.kind, each.target), each)
    return list(newest.values())[:SHOWN]


def _word(each: Answer) -> Word:
    return Word(
        each.origin.name,
        each.kind,
        each.target,
        each.reaction,
        each.stance,
        each.matched_account_count or each.count,
        each.said_at,
    )


def _why(known: KnownIndicator, answers: Sequence[Answer]) -> list[str]:
    """The formula of joint clusters, for this one piece of evidence."""
    about = [each for each in answers if each.origin_id != known.origin_id]
    seen = [each.said_at for each in about if each.kind == "sighting"]
    evidence = Evidence(
        kind="indicator",
        ref=known.stix_id,
        origin=known.origin.identity_id,
        reliability=known.origin.reliability,
        standing=standing_of(is_first_party=known.is_first_party, is_echo=bool(known.echo_of)),
        confidence=known.confidence,
        since=max([known.modified, *seen]),
        lifetime_days=known.lifetime_days,
        decay_speed=known.decay_speed,
        disputes=tuple(_dispute(each) for each in about if each.kind == "opinion"),
    )
    members = [known.origin, *(each.origin for each in about)]
    names = {member.identity_id: member.name for member in members}
    assessed = assess([evidence], datetime.now(UTC))
    _, reason = explain(assessed, names)
    return [f"{assessed.probability:.2f}, from 0 to 1, is what it says by itself.", reason]


def _dispute(each: Answer) -> Dispute:
    return Dispute(
        each.origin.identity_id,
        each.origin.reliability,
        each.stance,
        each.reaction == "non-malicious",
        each.false_positive_count,
        each.matched_account_count,
    )


def _replies(uuid: UUID) -> list[Reply]:
    """drafts_of_match"""
    drafts = Draft.objects.filter(match__uuid=uuid).defer("objects_zstd").order_by("-created_at")
    return [
        Reply(
            draft.pk,
            draft.state,
            draft.created_at,
            tuple(draft.roles.values()),
            draft.failure or draft.decision_reason or "; ".join(draft.review_reasons),
        )
        for draft in drafts[:SHOWN]
    ]
