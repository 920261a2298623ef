"""What people found of a detector's findings: its record, and the end of its trust.

A finding is counted once, whatever its revisions; a changed verdict is counted anew. A false
positive is withheld: what was published of it is revoked, unless another finding supports it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from indicators.detections import audit, due_matches
from indicators.detections.drafts import policy
from indicators.detections.errors import DetectionError
from indicators.detections.identifiers.sealed_rows import FALSE_POSITIVE
from indicators.models import Detection, Detector, Policy, Verdict
from indicators.store.sql import Cursor, open_cursor

# Both go through all revisions of one finding, by one_detection_a_revision.
_WITHHOLD = """
UPDATE indicators_detection
SET stage = 'withheld', stage_since = %(now)s, failed_stage = '', reason = %(reason)s
WHERE detector_id = %(detector)s AND uid = %(uid)s AND stage NOT IN ('superseded', 'withheld')
RETURNING cluster_id
"""
# From the start: whatever of its identifiers has no token yet gets one.
_REINSTATE = """
UPDATE indicators_detection SET stage = 'received', stage_since = %(now)s, reason = ''
WHERE detector_id = %(detector)s AND uid = %(uid)s AND stage = 'withheld' AND reason = %(reason)s
RETURNING cluster_id
"""
_DUE = """
UPDATE indicators_cluster SET draft_due = true, due_since = coalesce(due_since, %(now)s)
WHERE id = ANY(%(clusters)s)
"""


class UnknownFinding(DetectionError):
    """The detector has sent no finding of that uid."""


@dataclass(frozen=True, slots=True)
class Record:
    """A detector's record after a verdict, and the clusters that are to be drafted again."""

    reviewed: int
    false_positives: int
    policy: Policy
    due_clusters: tuple[int, ...]


def record_feedback(detector: Detector, uid: str, verdict: Verdict, *, actor: str) -> Record:
    """Count a person's verdict, withhold a false positive, demote a detector that errs too often.

    All at once or not at all; the detector's row is locked, so that no two verdicts count as one.
    Raises UnknownFinding.
    """
    with transaction.atomic(), open_cursor() as cursor:
        held = Detector.objects.select_for_update().get(pk=detector.pk)
        before = _exchange(held, uid, verdict)
        _count(held, before, -1)
        _count(held, verdict, 1)
        demoted = _demote(held)
        held.save(update_fields=_RECORD)
        due = _act_on(cursor, held, uid, before, verdict)
        subject = f"detector {held.name}"
        audit.record(actor, "feedback", subject, uid=uid, verdict=verdict.value)
        if demoted:
            audit.record(actor, "demotion", subject, because=held.demoted_because)
    return Record(held.reviewed_count, held.false_positive_count, Policy(held.policy), due)


_RECORD = [
    "reviewed_count", "false_positive_count", "policy", "demoted_at", "demoted_because",
]  # fmt: skip


def _exchange(detector: Detector, uid: str, verdict: Verdict) -> str:
    """Note the verdict with every revision of the finding; the one before it, "" if none."""
    revisions = Detection.objects.filter(detector=detector, uid=uid)
    known = dict(revisions.order_by("revision").values_list("revision", "verdict"))
    if not known:
        raise UnknownFinding("This detector has sent no finding of that uid.")
    revisions.update(verdict=verdict)
    return next((each for each in reversed(known.values()) if each), "")


def _count(detector: Detector, verdict: str, step: int) -> None:
    if verdict in (Verdict.TRUE_POSITIVE, Verdict.FALSE_POSITIVE):
        detector.reviewed_count += step
    if verdict == Verdict.FALSE_POSITIVE:
        detector.false_positive_count += step


def _demote(detector: Detector) -> bool:
    """Drafts of a detector that errs too often wait for a person from now on."""
    errors, reviewed = detector.false_positive_count, detector.reviewed_count
    if detector.policy == Policy.REVIEW or not policy.is_to_be_demoted(errors, reviewed):
        return False
    detector.policy = Policy.REVIEW
    detector.demoted_at = datetime.now(UTC)
    detector.demoted_because = (
        f"{errors} of {reviewed} reviewed findings were false positives: the rate may be as high"
        f" as {policy.upper_bound(errors, reviewed):.1%}."
    )
    return True


def _act_on(
    cursor: Cursor, detector: Detector, uid: str, before: str, verdict: Verdict
) -> tuple[int, ...]:
    """Withhold what turned out to be false, or let it go on; the clusters that this changes."""
    was_false, is_false = (each == Verdict.FALSE_POSITIVE for each in (before, verdict))
    if was_false == is_false:
        return ()
    now = datetime.now(UTC)
    asked = {"detector": detector.pk, "uid": uid, "reason": FALSE_POSITIVE, "now": now}
    cursor.execute(_WITHHOLD if is_false else _REINSTATE, asked)
    clusters = sorted({number for (number,) in cursor.fetchall()})
    cursor.execute(_DUE, {"clusters": clusters, "now": now})
    due_matches.has_changed(cursor, clusters, now)
    return tuple(clusters)
