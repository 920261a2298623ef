"""Identifiers of a detection on a page: who asks says why, and both are in the audit log."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.contrib.auth.models import User
from django.db import transaction

from indicators.detections import audit
from indicators.detections.errors import DetectionError, NotHeld
from indicators.detections.finding import Finding
from indicators.detections.identifiers.reveal import Revealed, reveal
from indicators.detections.identifiers.sealing import open_sealer, place
from indicators.models import Account, Detection, Role
from indicators.people.roles import roles_of

#: Accounts that one look shows.
MOST = 100


class ShowingRefused(DetectionError):
    """Somebody who may not look, or who does not say why."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Accounts as the detector sent them, and its own words for the finding, with the first.

    `following`: the number behind which the next look begins, none after the last account.
    """

    accounts: tuple[Revealed, ...]
    title: str
    description: str
    following: int | None


def show(detection: UUID, person: User, reason: str, after: int = -1) -> Shown:
    """What was sealed of a detection, 100 accounts at a look, once the audit log says who reads it.

    Raises ShowingRefused, and NotHeld where nothing is held, or not any more.
    """
    if not {Role.ANALYST, Role.REVIEWER} & roles_of(person):
        raise ShowingRefused("Only analysts and reviewers look at identifiers.")
    if not reason.strip():
        raise ShowingRefused("Say why you look: the audit log keeps it.")
    found = Detection.objects.filter(uuid=detection).first()
    if found is None or found.sealed is None:
        raise NotHeld("What was sealed of this detection is destroyed; its tokens are left.")
    numbered = Account.objects.filter(detection=found, number__gt=after, number__gte=0)
    rows = list(numbered.order_by("number").values_list("pk", "number")[: MOST + 1])
    actor = person.get_username()
    title, description = _words(found, actor, reason) if after < 0 else ("", "")
    shown = rows[:MOST]
    accounts = reveal([pk for pk, _ in shown], actor, reason.strip()) if shown else []
    following = shown[-1][1] if len(rows) > MOST else None
    return Shown(tuple(accounts), title, description, following)


def _words(found: Detection, actor: str, reason: str) -> tuple[str, str]:
    """What the detector wrote of it: free text, which may hold anything."""
    finding = open_finding(found)
    if finding.title is None and finding.description is None:
        return "", ""
    with transaction.atomic(durable=True):
        audit.record(actor, "reveal", f"detection/{found.uuid}", words=True, reason=reason.strip())
    return finding.title or "", finding.description or ""


def open_finding(found: Detection) -> Finding:
    """What a detection's line said but its accounts, for reading in part: its words stay unseen."""
    if found.sealed is None or found.data_key_id is None:
        raise NotHeld("What was sealed of this detection is destroyed; its tokens are left.")
    bound = place("detection", found.pk)
    plain = open_sealer().unseal(found.data_key_id, bytes(found.sealed), bound)
    return msgspec.json.decode(plain, type=Finding)
