"""How the sign-in library is told of this node's rules."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse

from indicators.models import Person
from indicators.people import sealing
from indicators.people.address import client_address
from indicators.people.pictures import qr_code
from indicators.people.roles import roles_of


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """People come by invitation; who guesses passwords is kept out by the database's count."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: see `invitations`."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Failures are counted by axes, for all processes and across restarts."""

    def _rollback_login_failed_rl_usage(self) -> None:
        """Nothing was counted."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """To work, if there is any for them here."""
        return reverse("overview" if roles_of(request.user) else "account")

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Not of whoever signed in a few minutes ago, with all that it takes."""
        request = context.request
        records = get_authentication_records(request, request.user)
        last = float(records[-1]["at"]) if records else 0.0
        return time.time() - last > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

    def set_password(self, user: User, password: str) -> None:
        """A password that its owner chose may stay."""
        super().set_password(user, password)
        Person.objects.filter(pk=user.pk).update(must_change_password=False)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors are sealed; the database alone doesn't open an account."""

    def encrypt(self, text: str) -> str:
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.open_sealed(encrypted_text)

    def generate_authenticator_name(self, user: User, type: str) -> str:
        """A name to begin with; who has several gives them better ones."""
        return f"Key {Authenticator.objects.filter(user=user, type=type).count() + 1}"

    def get_totp_issuer(self) -> str:
        return f"Retort {settings.NODE_NAME}"

    def get_totp_label(self, user: User) -> str:
        return user.get_username()

    def build_totp_svg(self, url: str) -> str:
        return qr_code(url)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Browsers compare it with the address that they show."""
        known = super().get_public_key_credential_rp_entity()
        return {**known, "name": f"Retort {settings.NODE_NAME}"}
