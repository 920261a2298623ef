"""The first run: five steps from an empty node to one that exchanges, read from the tables.

Nothing is remembered but that somebody does not want to see it any more, which is in the audit log.
"""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet

from federation.models import Peer
from indicators.detections import audit
from indicators.detections.submissions.checking import ANALYSTS
from indicators.models import (
    AuditEvent,
    Collection,
    Credential,
    Detector,
    Invitation,
    Member,
    Scope,
)

_DISMISS = "dismiss first run"
UNNAMED = "Retort node"
STEPS = ("organization", "collection", "people", "detector", "peer")


@dataclass(frozen=True, slots=True)
class Beginning:
    """Which steps are done; `detector` is one that has no client's key yet, if there is any.

    `peer` is one whose fingerprint nobody has compared yet.
    """

    done: frozenset[str]
    detector: Detector | None
    peer: Peer | None
    own: Member | None

    @property
    def following(self) -> str:
        """The first step that is not done, "" if all are."""
        return next((step for step in STEPS if step not in self.done), "")


def beginning() -> Beginning:
    """How far this node is; each question is answered by one row."""
    own = Member.objects.filter(is_self=True).first()
    sends = Credential.objects.filter(revoked_at=None, scopes__contains=Scope.INGEST.value)
    # What people submit has a detector, too: it sends nothing.
    mute = Detector.objects.exclude(name=ANALYSTS).exclude(Exists(_of_detector(sends)))
    strangers = Peer.objects.filter(confirmed_at=None, is_plain=False)
    answers = {
        "organization": _is_named(own),
        "collection": Collection.objects.filter(is_inbox=False).exists(),
        "people": Invitation.objects.exists() or User.objects.filter(is_active=True)[1:2].exists(),
        "detector": sends.exclude(detector=None).exists(),
        "peer": Peer.objects.exclude(confirmed_at=None, is_plain=False).exists(),
    }
    return Beginning(
        done=frozenset(step for step, is_done in answers.items() if is_done),
        detector=mute.order_by("created_at").first(),
        peer=strangers.order_by("name").first(),
        own=own,
    )


def _of_detector(credentials: QuerySet[Credential]) -> QuerySet[Credential]:
    return credentials.filter(detector=OuterRef("pk"))


def is_due() -> bool:
    """Whether the overview still leads an administrator to it."""
    if AuditEvent.objects.filter(act=_DISMISS).exists():  # audit_by_act
        return False
    return bool(beginning().following)


def dismiss(actor: str) -> None:
    """Lead nobody there any more; the page itself stays."""
    audit.record(actor, _DISMISS, "first run")


def _is_named(own: Member | None) -> bool:
    name = own.name if own else settings.NODE_NAME
    return name != UNNAMED
