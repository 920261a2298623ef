"""Who a reader is: roles and whatever else every page asks, read once a request.

The pages ask here, and so does whatever else decides by role.
"""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef

from indicators.models import Role

EVERY_ROLE = frozenset(Role)
_SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, slots=True)
class Reader:
    """What is known of whoever asks for a page."""

    roles: frozenset[Role] = frozenset()
    time_zone: str = "UTC"
    must_change_password: bool = False
    has_second_factor: bool = False


_NOBODY = Reader()


def roles_of(user: User | AnonymousUser) -> frozenset[Role]:
    """The roles of an active user; a superuser administers at least."""
    return reader_of(user).roles


def reader_of(user: User | AnonymousUser) -> Reader:
    """What is known of this user: one query, however often it is asked of the same object."""
    if not isinstance(user, User) or not user.is_active:
        return _NOBODY
    known: Reader | None = getattr(user, "_retort_reader", None)
    if known is None:
        known = _read(user)
        user._retort_reader = known  # type: ignore[attr-defined]
    return known


def _read(user: User) -> Reader:
    factors = Authenticator.objects.filter(user_id=OuterRef("pk"), type__in=_SECOND_FACTORS)
    roles, zone, must_change, has_factor = User.objects.values_list(
        "person__roles", "person__time_zone", "person__must_change_password", Exists(factors)
    ).get(pk=user.pk)
    administers = {Role.ADMINISTRATOR} if user.is_superuser else set()
    given = {Role(each) for each in roles or ()}
    return Reader(frozenset(given | administers), zone or "UTC", bool(must_change), has_factor)
