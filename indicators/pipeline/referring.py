"""A referral's way out: made ─► approved by two others ─► signed ─► taken to its recipient.

What is frozen when it is made is what is approved, signed and sent. Nobody approves what they made,
nobody twice; the database refuses both again. With the second approval the pack is rendered, signed
and kept: those bytes are what is taken, whenever it is. What went to whom is in the audit log,
object by object, each time that a pack is taken.
"""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import zstandard
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from federation.models import NodeKey
from federation.node_keys import current_key
from indicators.detections import audit
from indicators.models import Member, Permission, Recipient, Referral, ReferralState, Role
from indicators.people.roles import roles_of
from indicators.referrals.content import Content, freeze, thaw
from indicators.referrals.errors import NotForYou, ReferralError, WrongState
from indicators.referrals.making import Wording, make, no_longer, select
from indicators.referrals.packing import Approved, pack, sign

_TAKEN_BY = frozenset({Role.ANALYST, Role.REVIEWER})


def refer(campaign: str, recipient: Recipient, words: Wording, by: User) -> UUID:
    """A pack of what the recipient may get of a campaign, to be approved by two others.

    Raises NoSuchCampaign, NothingToDisclose, TextRefused, NotForYou.
    """
    _needs(by, frozenset({Role.ANALYST}), "makes referrals")
    referral_id, now = uuid4(), datetime.now(UTC)
    content = make(referral_id, select(campaign, recipient), recipient, words, now)
    with transaction.atomic():
        Referral.objects.create(
            id=referral_id,
            campaign=campaign,
            title=content.title[:300],
            recipient=recipient,
            author=by,
            made_at=now,
            content_zstd=freeze(content),
            object_count=len(content.objects),
            excluded_count=len(content.excluded),
        )
        told = {"campaign": campaign, "recipient": recipient.name}
        audit.record(by.get_username(), "make referral", str(referral_id), **told)
    return referral_id


def approve(referral_id: UUID, by: User) -> ReferralState:
    """One of two approvals; with the second the node signs. Raises NotForYou, WrongState."""
    _needs(by, frozenset({Role.REVIEWER}), "approves referrals")
    try:
        with transaction.atomic():
            row = _locked(referral_id, ReferralState.DRAFT)
            _check_approver(row, by)
            _approve(row, by, datetime.now(UTC))
            audit.record(by.get_username(), "approve referral", str(row.pk), state=row.state)
    except IntegrityError as error:
        raise NotForYou("Two people approve a referral, and its author is neither.") from error
    return ReferralState(row.state)


def _check_approver(row: Referral, by: User) -> None:
    if row.author_id == by.pk:
        raise NotForYou("You made this referral; two others have to approve it.")
    if row.first_approver_id == by.pk:
        raise NotForYou("You approved this referral already; somebody else has to as well.")


def _approve(row: Referral, by: User, now: datetime) -> None:
    content = thaw(bytes(row.content_zstd))
    _check_still_allowed(content, row.recipient)
    if row.first_approver_id is None:
        row.first_approver, row.first_approved_at = by, now
    else:
        assert row.first_approved_at is not None  # noqa: S101 - set together
        row.second_approver, row.second_approved_at = by, now
        at = row.first_approved_at, now
        signed, body = sign(content, at, current_key(NodeKey.Purpose.OBJECT))
        row.jws, row.public_key = signed.jws, signed.public_key
        row.pack_zstd = zstandard.compress(body)
        row.state = ReferralState.APPROVED
    row.save()


def _check_still_allowed(content: Content, recipient: Recipient) -> None:
    """What was taken back, marked anew or no longer permitted since it was frozen does not go."""
    gone = no_longer(content, recipient)
    if gone:
        stix_id, reason = next(iter(gone.items()))
        raise WrongState(
            f"{len(gone)} of its objects may no longer go to {recipient.name}, {stix_id} for one:"
            f" {reason} Withdraw this referral and make another one."
        )


def withdraw(referral_id: UUID, by: User, reason: str) -> None:
    """Give a referral up before it was sent. Raises NotForYou, WrongState."""
    with transaction.atomic():
        row = _locked(referral_id, ReferralState.DRAFT, ReferralState.APPROVED)
        if row.author_id != by.pk:
            _needs(by, frozenset({Role.REVIEWER}), "withdraws what others made")
        if not reason.strip():
            raise WrongState("Say why it is withdrawn.")
        row.state, row.withdrawn_because = ReferralState.WITHDRAWN, reason.strip()
        row.save(update_fields=["state", "withdrawn_because"])
        audit.record(by.get_username(), "withdraw referral", str(row.pk), reason=reason.strip())


def take(referral_id: UUID, by: User) -> bytes:
    """The pack as a ZIP, as it was signed; every object in it is written to the audit log.

    Raises NotForYou, WrongState, RenderedDifferently.
    """
    _needs(by, _TAKEN_BY, "takes packs along")
    with transaction.atomic():
        row = _locked(referral_id, ReferralState.APPROVED, ReferralState.SENT)
        content = thaw(bytes(row.content_zstd))
        if row.state == ReferralState.APPROVED:
            _check_still_allowed(content, row.recipient)
        body = _packed(row, content)
        told = {"referral": str(row.pk), "recipient": row.recipient.name}
        ids = [each.id for each in content.objects]
        audit.record(by.get_username(), "take referral", str(row.pk), objects=len(ids))
        audit.record_each(by.get_username(), "disclose object", ids, **told)
    return body


def _packed(row: Referral, content: Content) -> bytes:
    """As it is kept; one that was signed before packs were kept is made again."""
    if row.pack_zstd is not None:
        return zstandard.decompress(bytes(row.pack_zstd))
    assert row.first_approved_at and row.second_approved_at  # noqa: S101 - nothing_is_sent_unapproved
    at = row.first_approved_at, row.second_approved_at
    return pack(content, Approved(at, bytes(row.public_key or b""), row.jws))


def mark_sent(referral_id: UUID, by: User, to: str) -> None:
    """Write down that the pack was handed over, and to whom. Raises NotForYou, WrongState."""
    _needs(by, _TAKEN_BY, "sends packs")
    if not to.strip():
        raise WrongState("Say to whom, and how it was handed over.")
    with transaction.atomic():
        row = _locked(referral_id, ReferralState.APPROVED)
        row.state, row.sent_to = ReferralState.SENT, to.strip()
        row.sent_by, row.sent_at = by, datetime.now(UTC)
        row.save(update_fields=["state", "sent_to", "sent_by", "sent_at"])
        audit.record(by.get_username(), "send referral", str(row.pk), to=to.strip())


def _locked(referral_id: UUID, *states: ReferralState) -> Referral:
    rows = Referral.objects.select_for_update(of=("self",)).select_related("recipient")
    row = rows.filter(pk=referral_id).first()
    if row is None:
        raise WrongState("There is no such referral.")
    if row.state not in states:
        raise WrongState(f"This referral is {row.state}; it has to be {' or '.join(states)}.")
    return row


def add_recipient(name: str, kind: str, address: str, max_tlp: int, by: User) -> Recipient:
    """Register who may get packs. Raises NotForYou."""
    _needs(by, frozenset({Role.ADMINISTRATOR}), "registers recipients")
    with transaction.atomic():
        made = Recipient.objects.create(name=name, kind=kind, address=address, max_tlp=max_tlp)
        audit.record(by.get_username(), "add recipient", name, kind=kind, max_tlp=max_tlp)
    return made


def change_recipient(recipient: Recipient, address: str, max_tlp: int, by: User) -> None:
    """What a recipient may get from now on; packs that were made stay as they are."""
    _needs(by, frozenset({Role.ADMINISTRATOR}), "changes recipients")
    with transaction.atomic():
        recipient.address, recipient.max_tlp = address, max_tlp
        recipient.save(update_fields=["address", "max_tlp"])
        audit.record(by.get_username(), "change recipient", recipient.name, max_tlp=max_tlp)


def permit(campaign: str, originator: Member, recipient: Recipient, words: str, by: User) -> None:
    """Write down that an originator lets its objects of a campaign go to a recipient.

    Raises NotForYou, ReferralError if it is written down already.
    """
    _needs(by, _TAKEN_BY, "records permissions")
    try:
        with transaction.atomic():
            Permission.objects.create(
                campaign=campaign,
                originator=originator,
                recipient=recipient,
                words=words,
                recorded_by=by,
                recorded_at=datetime.now(UTC),
            )
            told = {"originator": originator.name, "recipient": recipient.name}
            audit.record(by.get_username(), "record permission", campaign, **told)
    except IntegrityError as error:
        raise ReferralError(f"{originator.name} has permitted this already.") from error


def end_permission(permission_id: int, by: User) -> Permission:
    """An originator no longer permits it. Raises NotForYou, WrongState."""
    _needs(by, _TAKEN_BY, "records permissions")
    with transaction.atomic():
        rows = Permission.objects.select_for_update().filter(pk=permission_id, withdrawn_at=None)
        row = rows.first()
        if row is None:
            raise WrongState("There is no such permission, or it has ended.")
        row.withdrawn_at = datetime.now(UTC)
        row.save(update_fields=["withdrawn_at"])
        audit.record(by.get_username(), "end permission", row.campaign, permission=row.pk)
    return row


def _needs(by: User, roles: frozenset[Role], what: str) -> None:
    if not roles & roles_of(by):
        names = " or ".join(sorted(role.value for role in roles))
        raise NotForYou(f"Only somebody with the role {names} {what}.")
