"""What is done to people: each act checked, written down, and in force at once."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from indicators.detections import audit
from indicators.models import Invitation, Person, Role
from indicators.people import invitations, sessions
from indicators.people.errors import NameTaken, NobodyWouldAdminister, NotForYou
from indicators.people.invitations import Invited
from indicators.store.sql import open_cursor

#: A person of the pages, or the name of whoever uses the command line.
Actor = User | str
#: Who acts in the audit log without being a person.
_NOT_PEOPLE = frozenset({"worker", "system", "retort"})
# Ana and ana may come at the same moment: whoever is second sees the first, and takes another name.
_ONE_NAME_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('retort/people', 0))"


@dataclass(frozen=True, slots=True)
class Added:
    """Somebody new; the password is stored nowhere but as a hash."""

    user: User
    password: str


def add_person(
    name: str, roles: Iterable[Role], by: str, password: str = "", email: str = ""
) -> Added:
    """Somebody with a password to tell them; without one of the caller's, it is for once only.

    Raises NameTaken.
    """
    once = password or secrets.token_urlsafe(15)
    with transaction.atomic():
        user = _new_user(name, once, email)
        _give(user, roles, must_change_password=not password)
        audit.record(by, "add person", name, roles=sorted(roles))
    return Added(user, once)


def invite(by: Actor, roles: Iterable[Role], email: str = "") -> Invited:
    """A link for somebody new."""
    with transaction.atomic():
        made = invitations.invite(_user(by), roles, email)
        audit.record(_name(by), "invite", str(made.invitation), roles=made.invitation.roles)
    return made


def invite_again(by: Actor, pk: int) -> Invited:
    """A link with which somebody sets password and second factors anew; raises NotForYou.

    Nothing changes until it is used. What it opens has the roles that the person has.
    """
    with transaction.atomic():
        user = _other(by, pk)
        if not user.is_active:
            raise NotForYou(f"{user.get_username()} is deactivated; let them sign in again first.")
        _revoke(Q(renews=user))
        made = invitations.invite(_user(by), (), user.email, renews=user)
        audit.record(_name(by), "renew access", user.get_username())
    return made


def revoke_invitation(by: Actor, pk: int) -> None:
    """The link opens nothing from now on; one that was used stays used."""
    with transaction.atomic():
        if _revoke(Q(pk=pk)):
            audit.record(_name(by), "revoke invitation", f"invitation {pk}")


def accept(secret: str, name: str, password: str) -> User:
    """Come in by a link; raises NotInvited, NameTaken, ValidationError of the password.

    Password, roles and the end of the invitation are one transaction: a link that failed half
    way can be used again, one that worked can't.
    """
    with transaction.atomic():
        invitation = invitations.use(secret)
        renewed = invitation.renews
        user = _renew(renewed, password) if renewed else _new_user(name, password, "")
        if not renewed:
            user.email = invitation.email
            user.save(update_fields=["email"])
            _give(user, [Role(each) for each in invitation.roles])
        Invitation.objects.filter(pk=invitation.pk).update(accepted_by=user, accepted_at=Now())
        audit.record(user.get_username(), "accept invitation", str(invitation))
    return user


def set_roles(by: Actor, pk: int, roles: Iterable[Role]) -> None:
    """Change what somebody may do; they sign in anew. Raises NotForYou, NobodyWouldAdminister."""
    with transaction.atomic():
        user = _other(by, pk)
        was_administered = _one_at_a_time()
        before = Person.objects.filter(pk=pk).values_list("roles", flat=True).first() or []
        given = _give(user, roles)
        _administered_still(was_administered)
        if Role.ADMINISTRATOR not in given:
            _revoke(Q(invited_by=user))
        sessions.end_all(user)
        audit.record(
            _name(by), "set roles", user.get_username(), roles=sorted(roles), before=before
        )


def deactivate(by: Actor, pk: int) -> None:
    """Sign somebody out for good, everywhere and now; what they did stays theirs.

    No link that they made lets anybody in after them, themselves least of all.
    """
    with transaction.atomic():
        user = _other(by, pk)
        was_administered = _one_at_a_time()
        user.is_active = False
        user.save(update_fields=["is_active"])
        _administered_still(was_administered)
        _revoke(Q(renews=user) | Q(invited_by=user))
        ended = sessions.end_all(user)
        audit.record(_name(by), "deactivate", user.get_username(), sessions=ended)


def activate(by: Actor, pk: int) -> None:
    """Let somebody sign in again, with the password and second factors of before."""
    with transaction.atomic():
        user = _other(by, pk)
        user.is_active = True
        user.save(update_fields=["is_active"])
        audit.record(_name(by), "activate", user.get_username())


def end_sessions(by: Actor, pk: int) -> int:
    """Sign somebody out everywhere; how many sessions that were."""
    with transaction.atomic():
        user = _other(by, pk)
        ended = sessions.end_all(user)
        audit.record(_name(by), "end sessions", user.get_username(), sessions=ended)
    return ended


def is_administered() -> bool:
    """Whether anybody who can sign in administers this node."""
    return _administrators().exists()


def _administrators() -> QuerySet[User]:
    holds = Q(person__roles__contains=[Role.ADMINISTRATOR]) | Q(is_superuser=True)
    return User.objects.filter(holds, is_active=True)


def _one_at_a_time() -> bool:
    """Whether anybody administers by now; of two who remove each other, the second waits here."""
    administering = Person.objects.filter(roles__contains=[Role.ADMINISTRATOR]).order_by("pk")
    list(administering.select_for_update())
    return is_administered()


def _administered_still(before: bool) -> None:
    if before and not is_administered():
        raise NobodyWouldAdminister(
            "Nobody would be left to administer this node; give another person that role first."
        )


def _other(by: Actor, pk: int) -> User:
    if isinstance(by, User) and by.pk == pk:
        raise NotForYou("Nobody decides on their own access; ask another administrator.")
    found = User.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise NotForYou("There is no such person.")
    return found


def _revoke(which: Q) -> int:
    """These links open nothing from now on; how many that could be used."""
    usable = Invitation.objects.filter(which, accepted_at=None, revoked_at=None)
    return usable.update(revoked_at=Now())


def _name(by: Actor) -> str:
    return by if isinstance(by, str) else by.get_username()


def _user(by: Actor) -> User | None:
    return None if isinstance(by, str) else by


def _new_user(name: str, password: str, email: str) -> User:
    name = User.normalize_username(name).strip()
    with open_cursor() as cursor:
        cursor.execute(_ONE_NAME_AT_A_TIME)
    if name.casefold() in _NOT_PEOPLE or User.objects.filter(username__iexact=name).exists():
        raise NameTaken(f"The name {name} is taken here; choose another.")
    user = User(username=name, email=email)
    user.clean_fields(exclude=["password"])
    validate_password(password, user)
    user.set_password(password)
    user.save()
    return user


def _renew(user: User, password: str) -> User:
    """A new password; second factors of before open nothing any more."""
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    Authenticator.objects.filter(user=user).delete()
    Person.objects.filter(pk=user.pk).update(must_change_password=False)
    sessions.end_all(user)
    return user


def _give(user: User, roles: Iterable[Role], **more: bool) -> list[Role]:
    """Roles are what counts; Django's own flags follow, for its administration."""
    given = sorted(set(roles))
    Person.objects.update_or_create(user=user, defaults={"roles": given, **more})
    user.is_staff = user.is_superuser = Role.ADMINISTRATOR in given
    user.save(update_fields=["is_staff", "is_superuser"])
    return given
