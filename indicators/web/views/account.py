"""The door, and everybody's own account. Most of it is allauth's; its templates are ours."""

import math
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.account.views import PasswordChangeView
from allauth.mfa.base.views import IndexView
from allauth.mfa.webauthn.views import AddWebAuthnView
from allauth.usersessions.models import UserSession
from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from indicators.people import invitations, profile
from indicators.people.address import client_address
from indicators.people.door import lacks_second_factor
from indicators.people.errors import NameTaken, NotInvited
from indicators.people.roles import reader_of
from indicators.pipeline import people
from indicators.web.forms.account import AcceptanceForm, ProfileForm, RenewalForm, zones
from indicators.web.pages import signed_in


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Who somebody is here, and the ways to what guards it."""
    user = signed_in(request)
    reader = reader_of(user)
    known = {"email": user.email, "time_zone": reader.time_zone}
    form = ProfileForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        profile.change(user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("account")
    shown = {
        "form": form,
        "zones": zones(),
        "held_roles": sorted(reader.roles),
        "guards": profile.guards(user),
    }
    return render(request, "web/account/account.html", shown)


@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign the reader out in one other place."""
    theirs = UserSession.objects.filter(user=signed_in(request), pk=pk).first()
    if theirs is None:
        raise Http404("There is no such session of yours.")
    theirs.end()
    messages.success(request, "That session has ended.")
    return redirect("usersessions_list")


class SecondFactors(IndexView):  # type: ignore[misc]
    """What somebody has, and whether it is enough to go on."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lacks = lacks_second_factor(reader_of(signed_in(self.request)))
        return {**super().get_context_data(**kwargs), "lacks_second_factor": lacks}


class AddPasskey(AddWebAuthnView):  # type: ignore[misc]
    """A key for this node's name: browsers keep none for an address of digits."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        known = {"is_named": _is_named(self.request), "by_name": _by_name(self.request)}
        return {**super().get_context_data(**kwargs), **known}


class ChangePassword(PasswordChangeView):  # type: ignore[misc]
    """For those who want to, and those who have to."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        must = reader_of(signed_in(self.request)).must_change_password
        return {**super().get_context_data(**kwargs), "must_change_password": must}


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, rest: str) -> HttpResponseBase:
    """Come in by a link; looking at it doesn't use it. `rest`: the log leaves it out."""
    try:
        invited = invitations.opened_by(rest)
        kind = RenewalForm if invited.renews else AcceptanceForm
        form = kind(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return _come_in(request, rest, form)
    except NotInvited as refusal:
        return render(request, "web/account/gone.html", {"why": str(refusal)}, status=404)
    shown = {"form": form, "invitation": invited}
    return render(request, "web/account/invitation.html", shown)


def _come_in(request: HttpRequest, secret: str, form: RenewalForm) -> HttpResponseBase:
    told = form.cleaned_data
    try:
        user = people.accept(secret, told.get("username", ""), told["password"])
    except NameTaken as refusal:
        form.add_error("username", str(refusal))
    except ValidationError as weak:
        form.add_error("password", weak.messages)
    else:
        response: HttpResponseBase = perform_password_login(request, {}, Login(user=user))
        return response
    shown = {"form": form, "invitation": invitations.opened_by(secret)}
    return render(request, "web/account/invitation.html", shown)


def _is_named(request: HttpRequest) -> bool:
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _by_name(request: HttpRequest) -> str:
    """Where this page has a name: as others reach the node, or by what loopback is called."""
    port = urlsplit(f"//{request.get_host()}").port
    here = f"{request.scheme}://localhost" + (f":{port}" if port else "")
    return f"{settings.PUBLIC_URL or here}{request.path}"


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Too many wrong passwords with one name from one address: when the next is looked at."""
    seconds = _seconds_left(request, credentials)
    shown = {"minutes": math.ceil(seconds / 60)}
    refusal = render(request, "web/account/locked.html", shown, status=429)
    refusal["Retry-After"] = str(seconds)
    return refusal


def _seconds_left(request: HttpRequest, credentials: dict[str, Any] | None) -> int:
    pause: float = get_cool_off(request).total_seconds()
    last = (
        AccessAttempt.objects.filter(
            username=get_client_username(request, credentials), ip_address=client_address(request)
        )
        .order_by("-attempt_time")
        .values_list("attempt_time", flat=True)
        .first()
    )
    gone: float = (datetime.now(UTC) - last).total_seconds() if last else 0
    return max(1, math.ceil(pause - gone))
