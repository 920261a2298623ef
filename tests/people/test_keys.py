"""A key of software signs in as one of hardware does, and its copy does not."""

import hashlib
import json
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from indicators.models import Role
from tests.people.persons import PASSWORD, somebody

pytestmark = pytest.mark.django_db
_PRESENT_AND_VERIFIED = 0x01 | 0x04
_WITH_CREDENTIAL = 0x40
_ID = b"key of ana"


class Key:
    """It keeps to WebAuthn; `counter` is what it counted last."""

    def __init__(self) -> None:
        self.private, self.counter = ec.generate_private_key(ec.SECP256R1()), 0

    def _told(self, flags: int, **more: Any) -> AuthenticatorData:
        self.counter += 1
        site = hashlib.sha256(b"localhost").digest()
        return AuthenticatorData.create(site, flags, self.counter, **more)

    def added(self, options: dict[str, Any]) -> str:
        public = ES256.from_cryptography_key(self.private.public_key())
        credential = AttestedCredentialData.create(bytes(16), _ID, public)
        told = self._told(_PRESENT_AND_VERIFIED | _WITH_CREDENTIAL, credential_data=credential)
        attested = AttestationObject.create("none", told, {})
        return _answer(attestationObject=attested, clientDataJSON=_asked("create", options))

    def signed(self, options: dict[str, Any], user: User) -> str:
        told, asked = self._told(_PRESENT_AND_VERIFIED), _asked("get", options)
        signature = self.private.sign(
            bytes(told) + hashlib.sha256(asked).digest(), ec.ECDSA(SHA256())
        )
        return _answer(
            authenticatorData=told,
            clientDataJSON=asked,
            signature=signature,
            userHandle=user_pk_to_url_str(user).encode(),
        )


def _asked(act: str, options: dict[str, Any]) -> bytes:
    asked = {
        "type": f"webauthn.{act}",
        "challenge": options["publicKey"]["challenge"],
        "origin": "https://localhost",
    }
    return json.dumps(asked).encode()


def _answer(**response: bytes) -> str:
    told = {name: websafe_encode(value) for name, value in response.items()}
    key = {"id": websafe_encode(_ID), "rawId": websafe_encode(_ID), "type": "public-key"}
    return json.dumps(
        {**key, "response": told, "clientExtensionResults": {"credProps": {"rk": True}}}
    )


@pytest.fixture
def ana() -> User:
    return somebody("ana", Role.ANALYST)


@pytest.fixture
def key(ana: User) -> Key:
    """Ana's, which she added in the pages."""
    made, browser = Key(), Client(SERVER_NAME="localhost")
    browser.post(reverse("account_login"), {"login": "ana", "password": PASSWORD}, secure=True)
    page = browser.get(reverse("mfa_add_webauthn"), secure=True)
    options = page.context["js_data"]["creation_options"]
    told = {"name": "laptop", "passwordless": "on", "credential": made.added(options)}
    browser.post(reverse("mfa_add_webauthn"), told, secure=True)
    assert Authenticator.objects.filter(user=ana, type="webauthn").exists()
    return made


def signs_in(key: Key, ana: User) -> bool:
    browser, where = Client(SERVER_NAME="localhost"), reverse("mfa_login_webauthn")
    asked = browser.get(where, headers={"X-Requested-With": "XMLHttpRequest"}, secure=True).json()
    told = key.signed(asked["request_options"], ana)
    browser.post(where, {"credential": told}, secure=True)
    return browser.get("/account/", secure=True).status_code == 200


def test_a_key_signs_in_time_and_again(key: Key, ana: User) -> None:
    assert signs_in(key, ana)
    assert signs_in(key, ana)


def test_a_copy_of_a_key_does_not_sign_in(key: Key, ana: User) -> None:
    assert signs_in(key, ana)
    key.counter -= 1
    assert not signs_in(key, ana)
