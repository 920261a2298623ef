"""How commands name things: most by their name, a collection by alias, title or id."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from indicators.models import Collection, Detector, Member
from indicators.store.custody import ensure_own_member


def member_named(name: str | None) -> Member:
    """The member of that name, this node's own for None."""
    if name is None:
        return ensure_own_member()
    found = Member.objects.filter(name=name).first()
    if found is None:
        raise CommandError(f"There is no member {name!r}; `member list` shows them.")
    return found


def detector_named(name: str) -> Detector:
    """The detector of that name."""
    found = Detector.objects.filter(name=name).first()
    if found is None:
        raise CommandError(f"There is no detector {name!r}; `detector list` shows them.")
    return found


def person_named(name: str) -> User:
    """The person of that user name, who may sign in."""
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no person {name!r} here.")
    return found


def collection_named(name: str) -> Collection:
    """The collection of that alias, id or (if no other has it) title."""
    for field in ("alias", "id", "title"):
        try:
            found = list(Collection.objects.filter(**{field: name})[:2])
        except ValidationError:  # not a UUID
            continue
        if len(found) == 1:
            return found[0]
        if found:
            raise CommandError(f"Several collections are titled {name!r}; name one by its alias.")
    raise CommandError(f"There is no collection {name!r}; `collection list` shows them.")
