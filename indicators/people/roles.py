"""Which roles a user has. The pages ask here, and so does whatever else decides by role."""

from django.contrib.auth.models import AnonymousUser, User

from indicators.models import Person, Role

EVERY_ROLE = frozenset(Role)


def roles_of(user: User | AnonymousUser) -> frozenset[Role]:
    """The roles of an active user, read once a request; a superuser administers at least."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    known: frozenset[Role] | None = getattr(user, "_retort_roles", None)
    if known is None:
        known = _read(user)
        user._retort_roles = known  # type: ignore[attr-defined]
    return known


def _read(user: User) -> frozenset[Role]:
    given = Person.objects.filter(pk=user.pk).values_list("roles", flat=True).first() or []
    administers = {Role.ADMINISTRATOR} if user.is_superuser else set()
    return frozenset({Role(each) for each in given} | administers)
