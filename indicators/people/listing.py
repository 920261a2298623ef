"""The people of this node, as administrators see them."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from indicators.models import Role

MOST = 500


@dataclass(frozen=True, slots=True)
class Listed:
    """One person of the list."""

    pk: int
    name: str
    email: str
    roles: tuple[Role, ...]
    is_active: bool
    last_login: datetime | None
    since: datetime
    factors: tuple[str, ...]
    must_change_password: bool

    @property
    def second_factors(self) -> tuple[str, ...]:
        """Without recovery codes, which are none of their own."""
        return tuple(_FACTORS[each] for each in self.factors if each in _FACTORS)


_FACTORS = {"totp": "authenticator app", "webauthn": "passkey or security key"}


def people(search: str = "") -> list[Listed]:
    """Everybody, those who may sign in first; a node has tens of people, not thousands."""
    found = User.objects.select_related("person").annotate(
        factors=ArrayAgg("authenticator__type", distinct=True, default=[])
    )
    if search:
        found = found.filter(Q(username__icontains=search) | Q(email__icontains=search))
    return [_listed(each) for each in found.order_by("-is_active", "username")[:MOST]]


def person(pk: int) -> Listed | None:
    """One of them."""
    factors = ArrayAgg("authenticator__type", distinct=True, default=[])
    found = User.objects.filter(pk=pk).select_related("person").annotate(factors=factors).first()
    return _listed(found) if found else None


def _listed(user: User) -> Listed:
    known = getattr(user, "person", None)
    roles = {Role(each) for each in known.roles} if known else set()
    if user.is_superuser:
        roles.add(Role.ADMINISTRATOR)
    return Listed(
        pk=user.pk,
        name=user.get_username(),
        email=user.email,
        roles=tuple(each for each in Role if each in roles),
        is_active=user.is_active,
        last_login=user.last_login,
        since=user.date_joined,
        factors=tuple(each for each in getattr(user, "factors", []) if each),
        must_change_password=bool(known and known.must_change_password),
    )
