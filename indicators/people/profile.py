"""What people change of themselves."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import Count, Q
from django.db.models.functions import Now

from indicators.models import Person


@dataclass(frozen=True, slots=True)
class Guards:
    """What stands between others and somebody's account."""

    has_app: bool
    keys: int
    has_codes: bool
    sessions: int


def change(user: User, email: str, time_zone: str) -> None:
    """Where mail reaches somebody, and where they are."""
    user.email = email
    user.save(update_fields=["email"])
    Person.objects.update_or_create(user=user, defaults={"time_zone": time_zone})


def guards(user: User) -> Guards:
    """How somebody's account is guarded, and where it is open."""
    kinds = Authenticator.Type
    found = Authenticator.objects.filter(user=user).aggregate(
        apps=Count("pk", filter=Q(type=kinds.TOTP)),
        keys=Count("pk", filter=Q(type=kinds.WEBAUTHN)),
        codes=Count("pk", filter=Q(type=kinds.RECOVERY_CODES)),
    )
    open_ones = Session.objects.filter(expire_date__gt=Now()).values("session_key")
    sessions = UserSession.objects.filter(user=user, session_key__in=open_ones).count()
    return Guards(bool(found["apps"]), found["keys"], bool(found["codes"]), sessions)
