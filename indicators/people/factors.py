"""Second factors are good once, for the forms of the sign-in library: codes, and answers of keys.

The library forgets a used code after one period; with a telephone's clock half a minute off it is
good for three (RFC 6238 §5.2). Of a key's counter it knows nothing (WebAuthn §7.2, step 22).
"""

from typing import Any

import structlog
from allauth.mfa import app_settings
from allauth.mfa.base import forms as codes
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as app
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn import forms as keys
from allauth.mfa.webauthn.internal.auth import parse_authentication_response
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction

log = structlog.get_logger("retort.people")

#: In the data of a key: what it counted when it was used last.
_COUNTED = "counted"


def _spend(user: User, code: str) -> None:
    """The code is good no more, for as long as it would be: the library looks at this mark."""
    shown = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
    mark = TOTP(Authenticator(user=user))._get_used_cache_key(code)
    cache.set(mark, "y", timeout=shown)


class _SpentCode:
    """Of a form with a code that is right."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP:
            _spend(self.user, code)
        return code


class Code(_SpentCode, codes.AuthenticateForm):  # type: ignore[misc]
    """At the door."""


class CodeAgain(_SpentCode, codes.ReauthenticateForm):  # type: ignore[misc]
    """Before what guards an account."""


class FirstCode(app.ActivateTOTPForm):  # type: ignore[misc]
    """The code that shows that an app was set up opens nothing afterwards."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        _spend(self.user, code)
        return code


class _CountedKey:
    """Of a form with a key's answer that is right."""

    cleaned_data: dict[str, Any]

    def clean_credential(self) -> Authenticator:
        answer = self.cleaned_data["credential"]
        key: Authenticator = super().clean_credential()  # type: ignore[misc]
        told = parse_authentication_response(answer).response.authenticator_data.counter
        _count(key, told)
        return key


def _count(key: Authenticator, told: int) -> None:
    """A key that counts counts on; raises ValidationError. Of two answers at once one is first."""
    with transaction.atomic():
        held = Authenticator.objects.select_for_update().get(pk=key.pk)
        last = held.data.get(_COUNTED, held.wrap().authenticator_data.counter)
        if (told or last) and told <= last:
            log.warning("a key's counter went back", user=held.user_id, told=told, last=last)
            raise ValidationError(
                "This key counts fewer uses than before: somebody may have copied it. Sign in with"
                " another second factor, remove the key, and tell an administrator."
            )
        held.data[_COUNTED] = told
        held.save(update_fields=["data"])


class Key(_CountedKey, keys.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """After a password."""


class KeyAlone(_CountedKey, keys.LoginWebAuthnForm):  # type: ignore[misc]
    """Instead of a password."""


class KeyAgain(_CountedKey, keys.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Before what guards an account."""
