"""The worker's part of a submission: read its identifiers, bring it in as findings.

What is brought in goes the detections' way, as the findings of a built-in detector: one that says
what the author told, and as many as there are 50,000 accounts. All of a call's changes hold, or
none: a worker that dies leaves the submission due, and the next one does it again. What its author
has to put right is said while the row is locked, so that it is said of this version and no other.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID, uuid4

import msgspec
import structlog
import zstandard
from django.db import transaction
from django.db.models import Q

from indicators.detections import audit
from indicators.detections.finding import Finding, SeenAccount, SeenCluster
from indicators.detections.formats import Line
from indicators.detections.formats.csv import MOST_ACCOUNTS
from indicators.detections.identifiers.intake import LineStatus, accept
from indicators.detections.identifiers.sealing import keyed_digest
from indicators.detections.submissions import pieces
from indicators.detections.submissions.editing import SubmissionRefused, locked
from indicators.detections.submissions.evidence import Checked, Reading
from indicators.detections.submissions.pieces import PREPARED, Prepared
from indicators.models import (
    Detection,
    Detector,
    Job,
    PieceRole,
    Policy,
    Stage,
    Submission,
    SubmissionState,
)
from indicators.stix import Tlp

log = structlog.get_logger("retort.submissions")

#: The detector whose findings people submit. Its drafts are always reviewed.
ANALYSTS = "analysts"
_GONE = (
    "Its identifiers were destroyed after their time, and are needed again; add them once more, or"
    " empty the evidence."
)
_JUDGED = (
    "A person found it to be a false positive, so nothing of it is shared; ask them to judge it"
    " again, or begin another submission."
)
_CHECKED = msgspec.json.Decoder(Checked)


def check(submission_id: UUID) -> UUID | None:
    """Do what is due of a submission; the job that brought it in, if there is one."""
    found = Submission.objects.filter(pk=submission_id, due_since__isnull=False).first()
    if found is None:
        return None
    reading = _read(found) if _needs_reading(found) else Reading()
    with transaction.atomic():
        submission = _locked_as(found)
        if submission is None:
            return None
        _keep(submission, reading)
        if submission.state not in (SubmissionState.CHECKING, SubmissionState.ABANDONED):
            return None
        try:
            with transaction.atomic():
                return _bring_in(submission, reading)
        except SubmissionRefused as refusal:
            fail(submission_id, str(refusal))
            return None


def fail(submission_id: UUID, reason: str) -> None:
    """Back to its author, with the reason. What was given up stays due: it is to be taken back."""
    log.warning("a submission waits for its author", submission=str(submission_id))
    standing = Submission.objects.filter(pk=submission_id)
    now = datetime.now(UTC)
    gone = Q(state=SubmissionState.ABANDONED)
    with transaction.atomic():
        standing.filter(gone).update(due_since=now, failure=reason)
        standing.exclude(gone).update(due_since=None, failure=reason)
        standing.filter(state=SubmissionState.CHECKING).update(
            state=SubmissionState.EDITING, state_since=now
        )


def checked(submission_id: UUID) -> Checked | None:
    """What a worker found in the identifiers of the newest version that it has read."""
    content = pieces.read(submission_id, PieceRole.CHECKED)
    return _CHECKED.decode(content) if content else None


def analysts() -> Detector:
    """The built-in detector, made on first use."""
    made, _ = Detector.objects.get_or_create(
        name=ANALYSTS, defaults={"policy": Policy.REVIEW, "tlp": Tlp.CLEAR.rank}
    )
    return made


def _needs_reading(submission: Submission) -> bool:
    if submission.state == SubmissionState.ABANDONED:
        return False
    if submission.checked_version < submission.evidence_version:
        return True
    return submission.state == SubmissionState.CHECKING and _is_to_be_taken(submission)


def _is_to_be_taken(submission: Submission) -> bool:
    """Whether the detections hold other identifiers than these, or what a reviewer kept back."""
    if submission.taken_version < submission.evidence_version:
        return True
    withheld = Detection.objects.filter(
        cluster=submission.cluster_id, stage=Stage.WITHHELD, verdict="", account_count__gt=0
    )
    return submission.cluster_id is not None and withheld.exists()


def _read(submission: Submission) -> Reading:
    """What was pasted and uploaded, read together. That it was read is written down."""
    reading = Reading()
    for role in (PieceRole.PASTED, PieceRole.UPLOADED):
        reading.read(role.value, pieces.stream(submission.pk, role))
    subject = f"submission {submission.pk}"
    count = reading.kinds.total()
    audit.record(audit.WORKER, "read identifiers", subject, why="check", count=count)
    return reading


def _locked_as(found: Submission) -> Submission | None:
    """The submission, locked; None if it has changed since: whoever changed it has sent a task."""
    Detector.objects.select_for_update(no_key=True).get(pk=analysts().pk)
    now = locked(found.pk)
    if now is None or now.due_since is None:
        return None
    return now if _version(now) == _version(found) else None


def _version(submission: Submission) -> tuple[str, int, int]:
    """What a check rests on; not when it became due, which resuming changes."""
    return submission.state, submission.evidence_version, submission.revision


def _keep(submission: Submission, reading: Reading) -> None:
    """What was found; nothing is due any more."""
    is_gone = submission.state == SubmissionState.ABANDONED
    if submission.checked_version < submission.evidence_version and not is_gone:
        pieces.write(submission.pk, PieceRole.CHECKED, msgspec.json.encode(reading.checked()))
    Submission.objects.filter(pk=submission.pk).update(
        checked_version=submission.evidence_version, due_since=None, failure=""
    )


def _bring_in(submission: Submission, reading: Reading) -> UUID | None:
    content = pieces.read(submission.pk, PieceRole.STATED)
    is_gone = submission.state == SubmissionState.ABANDONED
    if not content or (is_gone and submission.cluster_id is None):
        return None
    takes = not is_gone and _is_to_be_taken(submission)
    if takes and not reading.accounts and _had_identifiers(submission):
        raise SubmissionRefused(_GONE)
    findings = _Findings(submission, PREPARED.decode(content), is_gone=is_gone)
    lines = [*findings.told(), *findings.accounts(reading, takes=takes)]
    job = _accept(submission, lines)
    if not is_gone and not Detection.objects.filter(job=job, stage=Stage.RECEIVED).exists():
        raise SubmissionRefused(_JUDGED)
    cluster = Detection.objects.filter(job=job).values_list("cluster", flat=True).first()
    Submission.objects.filter(pk=submission.pk).update(
        cluster=cluster,
        revision=submission.revision + 1,
        evidence_revision=submission.evidence_revision + (takes or is_gone),
        evidence_parts=findings.parts if takes else submission.evidence_parts,
        taken_version=submission.evidence_version if takes else submission.taken_version,
    )
    return job


def _had_identifiers(submission: Submission) -> bool:
    before = checked(submission.pk)
    read_before = submission.checked_version == submission.evidence_version
    return read_before and before is not None and before.identifiers > 0


def _accept(submission: Submission, findings: Sequence[Finding]) -> UUID:
    """The findings' job; they are taken all or none."""
    key = f"submission:{submission.pk}:{submission.revision + 1}"
    now = datetime.now(UTC)
    job = Job.objects.create(
        id=uuid4(),
        idempotency_key=key,
        body_digest=keyed_digest("body", key.encode()),
        received_at=now,
        accepted_count=len(findings),
        duplicate_count=0,
        rejected_count=0,
        results=b"",
    )
    lines = (
        Line(number, each, msgspec.json.encode(each)) for number, each in enumerate(findings, 1)
    )
    results = accept(analysts(), job.pk, lines, now)
    for result in results:
        if result.status is LineStatus.REJECTED:
            raise SubmissionRefused(f"It can't be taken: {result.errors[0].message}")
    Job.objects.filter(pk=job.pk).update(results=zstandard.compress(msgspec.json.encode(results)))
    return job.pk


class _Findings:
    """A submission as findings of one cluster."""

    def __init__(self, submission: Submission, prepared: Prepared, *, is_gone: bool) -> None:
        self._submission, self._prepared, self._is_gone = submission, prepared, is_gone
        self.parts = 0

    def told(self) -> Iterator[Finding]:
        """What the author says; it changes whenever the submission is prepared."""
        told = self._prepared.told
        cluster = msgspec.structs.replace(told.cluster, key=str(self._submission.pk))
        yield msgspec.structs.replace(
            told,
            uid=f"{self._submission.pk}-told",
            revision=self._submission.revision + 1,
            cluster=cluster,
            status="closed" if self._is_gone else "open",
            closed_because="resolved" if self._is_gone else None,
        )

    def accounts(self, reading: Reading, *, takes: bool) -> Iterator[Finding]:
        """The accounts, if they have changed; a part that is not needed any more is closed."""
        if not takes and not self._is_gone:
            return
        seen = reading.seen_accounts()
        while some := tuple(islice(seen, MOST_ACCOUNTS)):
            self.parts += 1
            yield self._part(self.parts, some)
        for number in range(self.parts + 1, self._submission.evidence_parts + 1):
            yield self._part(number, ())

    def _part(self, number: int, accounts: tuple[SeenAccount, ...]) -> Finding:
        return Finding(
            uid=f"{self._submission.pk}-accounts-{number}",
            revision=self._submission.evidence_revision + 1,
            cluster=SeenCluster(str(self._submission.pk)),
            status="open" if accounts else "closed",
            closed_because=None if accounts else "resolved",
            accounts=accounts,
        )
