"""Pages and who may open them: every page names its roles where its path is named."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import register_converter
from django.urls.converters import StringConverter

from indicators.models import Role
from indicators.people.roles import EVERY_ROLE, roles_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

ANALYST, REVIEWER, ADMINISTRATOR = Role.ANALYST, Role.REVIEWER, Role.ADMINISTRATOR
#: Whoever works here, with any role; a user without one sees only the own account.
EVERYONE = tuple(sorted(EVERY_ROLE))


class ObjectId(StringConverter):
    """Whatever may be the id of an object: text that PostgreSQL can be asked for."""

    regex = "[^/\0]+"


register_converter(ObjectId, "id")


def page(view: View[P], *roles: Role) -> View[P]:
    """The view for people with one of these roles; others are refused, whatever they send.

    Whoever is not signed in never gets here (`LoginRequiredMiddleware`). The tests walk the URL
    conf and read `roles` from each page.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not roles_of(request.user).intersection(roles):
            names = " or ".join(role.value for role in roles)
            raise PermissionDenied(f"This page is for people with the role {names}.")
        return view(request, *args, **kwargs)

    guarded.roles = roles  # type: ignore[attr-defined]
    return cast("View[P]", guarded)


def own(view: View[P]) -> View[P]:
    """A page of the reader's own account: for whoever is signed in, with a role or without."""

    @wraps(view)
    def theirs(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    theirs.is_own = True  # type: ignore[attr-defined]
    return cast("View[P]", theirs)


def signed_in(request: HttpRequest) -> User:
    """The person at the other end of a guarded page."""
    assert isinstance(request.user, User)  # noqa: S101 - guarded pages have nobody else
    return request.user
