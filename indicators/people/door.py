"""What stands between signing in and the first page, and what goes along with every page."""

import zoneinfo
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from indicators.people import sessions
from indicators.people.roles import Reader, reader_of

_ALWAYS = frozenset({"account_logout", "account_reauthenticate", "mfa_reauthenticate"})
_WITH_A_PASSWORD_OF_SOMEBODY_ELSE = _ALWAYS | {"account_change_password"}
_WITHOUT_A_SECOND_FACTOR = _WITH_A_PASSWORD_OF_SOMEBODY_ELSE | {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_list_webauthn",
}
PERMISSIONS_POLICY = ", ".join(
    [
        *(f"{name}=()" for name in ("camera", "geolocation", "microphone", "payment", "usb")),
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    ]
)

NextLayer = Callable[[HttpRequest], HttpResponseBase]


class SignInRequired(LoginRequiredMiddleware):
    """Django's, but for doors that are open it doesn't even look for a session.

    So their answers vary by no cookie, and what is between may keep them.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if not getattr(view, "login_required", True):
            return None
        return super().process_view(request, view, args, kwargs)


class Door:
    """Lets people in who have a password and a second factor of their own.

    Comes after `SignInRequired`; doors that have their own credentials are not ours.
    """

    def __init__(self, next_layer: NextLayer) -> None:
        self.next_layer = next_layer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            response = self.next_layer(request)
        finally:
            timezone.deactivate()  # the next request in this thread is somebody else's
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if request.session.accessed:
            # Made for whoever asked: nobody between keeps it, nor the browser beyond their session.
            response.setdefault("Cache-Control", "private, no-store")
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Where somebody has to go first, if anywhere; their time zone for the rest."""
        if not getattr(view, "login_required", True) or not isinstance(request.user, User):
            return None
        if sessions.is_over(request):
            logout(request)
            return redirect_to_login(request.get_full_path())
        reader = reader_of(request.user)
        timezone.activate(zone_named(reader.time_zone))
        sessions.seen(request)
        name = request.resolver_match.url_name if request.resolver_match else None
        first = _first(reader, name)
        return HttpResponseRedirect(reverse(first)) if first else None


def zone_named(name: str) -> zoneinfo.ZoneInfo:
    """The time zone; UTC for one that this machine has not heard of."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


def _first(reader: Reader, name: str | None) -> str:
    if reader.must_change_password and name not in _WITH_A_PASSWORD_OF_SOMEBODY_ELSE:
        return "account_change_password"
    if lacks_second_factor(reader) and name not in _WITHOUT_A_SECOND_FACTOR:
        return "mfa_index"
    return ""


def lacks_second_factor(reader: Reader) -> bool:
    """Whether this node demands one, and the reader has none."""
    return settings.MFA == "required" and not reader.has_second_factor
