"""People for tests: made, signed in, and with an authenticator app."""

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.test import Client

from indicators.models import Person, Role

PASSWORD = "a horse, a battery, a staple"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
EVERYTHING = tuple(Role)


def somebody(name: str, *roles: Role, email: str = "") -> User:
    """A person with these roles, and PASSWORD."""
    administers = Role.ADMINISTRATOR in roles
    user = User.objects.create_user(
        name, email, PASSWORD, is_staff=administers, is_superuser=administers
    )
    Person.objects.create(user=user, roles=list(roles))
    return user


def at_the_desk_of(user: User) -> Client:
    """A browser in which somebody is signed in."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    client.get("/account/")  # the list of sessions knows those that were used
    return client


def with_an_app(user: User) -> Authenticator:
    """Their authenticator app, which holds SECRET."""
    made: Authenticator = TOTP.activate(user, SECRET).instance
    return made


def code(secret: str = SECRET) -> str:
    """What the app shows now."""
    shown: str = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    return shown
