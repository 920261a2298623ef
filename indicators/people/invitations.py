"""Invitations: a secret in a link, which opens one account, once, within a week."""

import hashlib
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage, get_connection
from django.db.models import QuerySet

from indicators.models import Invitation, Role
from indicators.people.errors import NotInvited

log = structlog.get_logger("retort.people")

#: Seconds that a page waits for a mail server.
MAIL_SECONDS = 5.0
_GONE = "This link opens nothing any more: it was used, taken back, or is too old. Ask for another."


@dataclass(frozen=True, slots=True)
class Invited:
    """A new invitation. The secret is nowhere else; whoever has it comes in."""

    invitation: Invitation
    secret: str


def invite(
    by: User | None, roles: Iterable[Role], email: str = "", renews: User | None = None
) -> Invited:
    """A link for somebody new or, with `renews`, for somebody who lost password or telephone."""
    secret = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        digest=_digest(secret),
        roles=sorted(set(roles)),
        email=email,
        renews=renews,
        invited_by=by,
        expires_at=datetime.now(UTC) + timedelta(days=settings.INVITATION_DAYS),
    )
    return Invited(made, secret)


def opened_by(secret: str) -> Invitation:
    """The invitation of this secret, if it can still be used; raises NotInvited."""
    found = _usable().filter(digest=_digest(secret)).select_related("renews", "invited_by").first()
    if found is None:
        raise NotInvited(_GONE)
    return found


def use(secret: str) -> Invitation:
    """The same, locked: of two who come at once, the second finds it used. In a transaction.

    Whom it renews is locked first, as by whoever deactivates them and takes their links back.
    """
    renewed = _usable().filter(digest=_digest(secret)).values("renews")
    list(User.objects.select_for_update().filter(pk__in=renewed))
    found = _usable().filter(digest=_digest(secret)).select_for_update(of=("self",)).first()
    if found is None:
        raise NotInvited(_GONE)
    return found


def mail(invited: Invited, link: str) -> bool:
    """Send the link where its invitation says; whether a server took it within MAIL_SECONDS.

    Nobody waits longer for one that answers word by word, and the link is shown all the same. No
    worker is asked to do it: the secret would stand in the broker.
    """
    to = invited.invitation.email
    if not (to and settings.EMAIL_HOST):
        return False
    until = f"{invited.invitation.expires_at:%Y-%m-%d %H:%M} UTC"
    message = EmailMessage(
        f"Invitation to the Retort node of {settings.NODE_NAME}",
        f"This link opens an account for you, once, until {until}:\n\n{link}\n",
        to=[to],
        connection=get_connection(timeout=MAIL_SECONDS),
    )
    taken = threading.Event()
    sender = threading.Thread(target=_send, args=(message, taken), daemon=True)
    sender.start()
    sender.join(MAIL_SECONDS)
    return taken.is_set()


def _send(message: EmailMessage, taken: threading.Event) -> None:
    try:
        if message.send():
            taken.set()
    except (OSError, ValueError) as error:  # of a server, or an address that nobody can write to
        log.warning("an invitation could not be mailed", error=type(error).__name__)


def open_ones() -> list[Invitation]:
    """What can still be used, newest first: never many, as each is for a person."""
    return list(_usable().select_related("renews", "invited_by").order_by("-created_at")[:100])


def _usable() -> QuerySet[Invitation]:
    now = datetime.now(UTC)
    return Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
