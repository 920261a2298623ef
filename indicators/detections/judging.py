"""What people find of findings: verdicts with reasons, which stay with the cluster."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from indicators.detections.errors import DetectionError
from indicators.detections.feedback import record_feedback
from indicators.models import Act, Detection, Remark, Role, Verdict
from indicators.people.roles import roles_of

#: Findings that are judged at once.
MOST = 50


class VerdictRefused(DetectionError):
    """Somebody who may not judge, or nothing to judge."""


def judge(
    detections: Sequence[UUID], verdict: Verdict, person: User, reason: str
) -> tuple[int, ...]:
    """A person's verdict on these findings, all or none; the clusters that it changes.

    What is a false positive is withheld, and taken back where it was published.
    """
    if not {Role.ANALYST, Role.REVIEWER} & roles_of(person):
        raise VerdictRefused("Only analysts and reviewers judge findings.")
    if verdict == Verdict.FALSE_POSITIVE and not reason.strip():
        raise VerdictRefused("Say why it is a false positive: whoever looks next reads it.")
    wanted = set(detections)
    if not 0 < len(wanted) <= MOST:
        raise VerdictRefused(f"Choose from 1 to {MOST} findings.")
    found = list(Detection.objects.filter(uuid__in=wanted).select_related("detector"))
    if len(found) < len(wanted):
        raise VerdictRefused("Some of these findings are not held; list them again.")
    with transaction.atomic():
        due = _record(found, verdict, person.get_username())
        _note(found, verdict, person, reason.strip())
    return due


def _record(found: Sequence[Detection], verdict: Verdict, actor: str) -> tuple[int, ...]:
    """One at a time, in one order: each locks its detector's row."""
    by_finding = {(each.detector_id, each.uid): each.detector for each in found}
    due: set[int] = set()
    for (_, uid), detector in sorted(by_finding.items(), key=lambda item: str(item[0])):
        due.update(record_feedback(detector, uid, verdict, actor=actor).due_clusters)
    return tuple(sorted(due))


def _note(found: Sequence[Detection], verdict: Verdict, person: User, reason: str) -> None:
    now = datetime.now(UTC)
    Remark.objects.bulk_create(
        Remark(cluster_id=cluster, author=person, said_at=now, act=Act(verdict.value), text=reason)
        for cluster in sorted({each.cluster_id for each in found})
    )
