"""The people of this node: who they are, what they may do, and how they come and go."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from indicators.people import invitations, listing
from indicators.people.errors import PeopleError
from indicators.people.invitations import Invited
from indicators.pipeline import people as acts
from indicators.web.acting import whole_address
from indicators.web.forms.people import InvitationForm, RolesForm
from indicators.web.pages import signed_in


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who may sign in, and who is invited."""
    return _people(request, InvitationForm())


@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them, and what can be done."""
    found = _known(pk)
    form = RolesForm(initial={"roles": [each.value for each in found.roles]})
    shown = {"person": found, "form": form, "is_self": signed_in(request).pk == pk}
    return render(request, "web/people/person.html", shown)


@never_cache
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """A link for somebody new, shown in the answer and never again."""
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _people(request, form, status=422)
    made = acts.invite(signed_in(request), form.cleaned_data["roles"], form.cleaned_data["email"])
    return _link(request, made)


@never_cache
@require_POST
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """A link for somebody who lost password or second factor."""
    try:
        made = acts.invite_again(signed_in(request), _known(pk).pk)
    except PeopleError as refusal:
        messages.error(request, str(refusal))
        return redirect("person", pk)
    return _link(request, made)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """An invitation that nobody shall use."""
    acts.revoke_invitation(signed_in(request), pk)
    messages.success(request, "The link opens nothing any more.")
    return redirect("people")


@require_POST
def change_roles(request: HttpRequest, pk: int) -> HttpResponse:
    """What somebody may do from now on."""
    form = RolesForm(request.POST)
    found = _known(pk)
    if not form.is_valid():
        shown = {"person": found, "form": form, "is_self": signed_in(request).pk == pk}
        return render(request, "web/people/person.html", shown, status=422)
    roles = form.cleaned_data["roles"]
    done = f"{found.name} has new roles, and signs in anew."
    return _act(request, pk, done, lambda by: acts.set_roles(by, pk, roles))


@require_POST
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody who shall not sign in any more."""
    done = f"{_known(pk).name} is signed out everywhere, and can't sign in."
    return _act(request, pk, done, lambda by: acts.deactivate(by, pk))


@require_POST
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody who shall sign in again."""
    done = f"{_known(pk).name} can sign in again."
    return _act(request, pk, done, lambda by: acts.activate(by, pk))


@require_POST
def end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody who shall sign in anew."""
    done = f"{_known(pk).name} is signed out everywhere."
    return _act(request, pk, done, lambda by: acts.end_sessions(by, pk))


def _act(request: HttpRequest, pk: int, done: str, act: Callable[[User], object]) -> HttpResponse:
    try:
        act(signed_in(request))
        messages.success(request, done)
    except PeopleError as refusal:
        messages.error(request, str(refusal))
    return redirect("person", pk)


def _people(request: HttpRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    shown = {
        "people": listing.people(),
        "invitations": invitations.open_ones(),
        "form": form,
        "needs_second_factor": settings.MFA == "required",
        "most": listing.MOST,
    }
    return render(request, "web/people/people.html", shown, status=status)


def _link(request: HttpRequest, made: Invited) -> HttpResponse:
    link = whole_address(request, reverse("invitation", args=[made.secret]))
    shown = {
        "invitation": made.invitation,
        "link": link,
        "was_mailed": invitations.mail(made, link),
    }
    return render(request, "web/people/link.html", shown)


def _known(pk: int) -> listing.Listed:
    found = listing.person(pk)
    if found is None:
        raise Http404("There is no such person.")
    return found
