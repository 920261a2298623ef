"""Second factors are good once, for the forms of the sign-in library: codes, and answers of keys.

The library forgets a used code after one period; with a telephone's clock half a minute off it is
good for three (RFC 6238 §5.2). Of a key's counter it knows nothing (WebAuthn §7.2, step 22), and
nonsense in a key's place makes it fail.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from allauth.mfa import app_settings
from allauth.mfa.base import forms as codes
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as app
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn import forms as keys
from allauth.mfa.webauthn.internal.auth import parse_authentication_response
from django import forms
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


class Answer(forms.JSONField):
    """What a browser tells of a key; at the sign-in, anybody may have written it."""

    def __init__(self) -> None:
        super().__init__(required=True, widget=forms.HiddenInput)

    def to_python(self, value: Any) -> Any:
        with _nonsense_refused():
            return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """A page that is shown again asks for a new answer."""
        return initial


@contextmanager
def _nonsense_refused() -> Iterator[None]:
    """The library trusts the shapes that it reads."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValidationError("That is no answer of a key; try it again.") from error


class _CountedKey:
    """Of a form with a key's answer."""

    cleaned_data: dict[str, Any]

    def clean_credential(self) -> Authenticator:
        answer = self.cleaned_data["credential"]
        with _nonsense_refused():
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

    credential = Answer()


class KeyAlone(_CountedKey, keys.LoginWebAuthnForm):  # type: ignore[misc]
    """Instead of a password."""

    credential = Answer()


class KeyAgain(_CountedKey, keys.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Before what guards an account."""

    credential = Answer()


class NewKey(keys.AddWebAuthnForm):  # type: ignore[misc]
    """One that is added."""

    credential = Answer()

    def clean(self) -> dict[str, Any]:
        with _nonsense_refused():
            cleaned: dict[str, Any] = super().clean()
        return cleaned
