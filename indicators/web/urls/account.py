"""The door, and the own account of whoever is signed in, with a role or without."""

from typing import Any

from allauth.account import views as door
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as keys
from allauth.usersessions import views as sessions
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path

from indicators.web.pages import own
from indicators.web.views import account


def _open(where: str, view: Any, name: str) -> URLPattern:
    found: URLPattern = path(where, login_not_required(view), name=name)
    return found


def _own(where: str, view: Any, name: str) -> URLPattern:
    return path(where, own(view), name=name)


_FACTORS = "account/second-factors/"
_ENTRANCE = [
    _open("account/sign-in/", door.login, "account_login"),
    _open("account/sign-in/passkey/", keys.login_webauthn, "mfa_login_webauthn"),
    _open("account/sign-in/second-factor/", factors.authenticate, "mfa_authenticate"),
    _open("account/sign-out/", door.logout, "account_logout"),
    _open("account/not-in-use/", door.account_inactive, "account_inactive"),
    # Whoever reads the log comes in by no link: what `rest` stands for is left out of it.
    _open("invitation/<str:rest>", account.invitation, "invitation"),
]
_GUARDS = [
    _own("account/confirm/", door.reauthenticate, "account_reauthenticate"),
    _own("account/confirm/code/", factors.reauthenticate, "mfa_reauthenticate"),
    _own("account/confirm/passkey/", keys.reauthenticate_webauthn, "mfa_reauthenticate_webauthn"),
    _own("account/password/", account.ChangePassword.as_view(), "account_change_password"),
    _own(_FACTORS, account.SecondFactors.as_view(), "mfa_index"),
    _own(f"{_FACTORS}app/", app.activate_totp, "mfa_activate_totp"),
    _own(f"{_FACTORS}app/remove/", app.deactivate_totp, "mfa_deactivate_totp"),
    _own(f"{_FACTORS}codes/", codes.view_recovery_codes, "mfa_view_recovery_codes"),
    _own(f"{_FACTORS}codes/new/", codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    _own(
        f"{_FACTORS}codes/download/", codes.download_recovery_codes, "mfa_download_recovery_codes"
    ),
    _own(f"{_FACTORS}keys/", keys.list_webauthn, "mfa_list_webauthn"),
    _own(f"{_FACTORS}keys/add/", account.AddPasskey.as_view(), "mfa_add_webauthn"),
    _own(f"{_FACTORS}keys/<int:pk>/", keys.edit_webauthn, "mfa_edit_webauthn"),
    _own(f"{_FACTORS}keys/<int:pk>/remove/", keys.remove_webauthn, "mfa_remove_webauthn"),
    _own("account/sessions/", sessions.list_usersessions, "usersessions_list"),
    _own("account/sessions/<int:pk>/end/", account.end_session, "session-end"),
]
paths: list[URLPattern] = [
    _own("account/", account.account, "account"),
    *_ENTRANCE,
    *_GUARDS,
]
