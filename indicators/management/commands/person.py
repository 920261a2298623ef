"""`manage.py person`: who may sign in to the pages. Invitations are the usual way; this is for
the first person, and for when nobody can sign in.
"""

import getpass
import os
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse

from indicators.management.terms import person_named
from indicators.management.verbs import VerbCommand
from indicators.models import Role
from indicators.people import listing
from indicators.people.errors import PeopleError
from indicators.pipeline import people


class Command(VerbCommand):
    help = "People: add, list, invite, change roles, renew access, deactivate."

    def add_verbs(self, verbs: Any) -> None:
        add = self.verb(verbs, "add", self.add, "Add a person; prints a one-time password.")
        add.add_argument("name")
        _takes_roles(add)
        add.add_argument("--email", default="")
        add.add_argument(
            "--password-from",
            metavar="VARIABLE",
            help="take the password from this environment variable, for good",
        )
        self.verb(verbs, "list", self.list, "List people.")
        invite = self.verb(verbs, "invite", self.invite, "Make a link for somebody new.")
        _takes_roles(invite)
        invite.add_argument("--email", default="")
        for name, run, purpose in (
            ("renew", self.renew, "Make a link to set password and second factors anew."),
            ("deactivate", self.deactivate, "Sign a person out, for good."),
            ("activate", self.activate, "Let a person sign in again."),
        ):
            self.verb(verbs, name, run, purpose).add_argument("name")
        roles = self.verb(verbs, "roles", self.roles, "Change what a person may do.")
        roles.add_argument("name")
        _takes_roles(roles)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        except PeopleError as error:
            raise CommandError(str(error)) from error

    def add(self, options: dict[str, Any]) -> None:
        variable = options["password_from"]
        password = os.environ.get(variable, "") if variable else ""
        if variable and not password:
            raise CommandError(f"{variable} is empty; put the password there, or leave it out.")
        added = people.add_person(
            options["name"], _roles(options), getpass.getuser(), password, options["email"]
        )
        row: dict[str, Any] = {"name": added.user.get_username(), "roles": options["roles"]}
        self.show([row if variable else row | {"one-time password": added.password}], options)

    def list(self, options: dict[str, Any]) -> None:
        self.show([_row(each) for each in listing.people()], options)

    def invite(self, options: dict[str, Any]) -> None:
        made = people.invite(getpass.getuser(), _roles(options), options["email"])
        self.show([_link(made.secret, made.invitation.expires_at)], options)

    def renew(self, options: dict[str, Any]) -> None:
        made = people.invite_again(getpass.getuser(), person_named(options["name"]).pk)
        self.show([_link(made.secret, made.invitation.expires_at)], options)

    def roles(self, options: dict[str, Any]) -> None:
        found = person_named(options["name"])
        people.set_roles(getpass.getuser(), found.pk, _roles(options))
        self._show_one(found.pk, options)

    def deactivate(self, options: dict[str, Any]) -> None:
        found = person_named(options["name"])
        people.deactivate(getpass.getuser(), found.pk)
        self._show_one(found.pk, options)

    def activate(self, options: dict[str, Any]) -> None:
        for each in listing.people(options["name"]):
            if each.name == options["name"]:
                people.activate(getpass.getuser(), each.pk)
                self._show_one(each.pk, options)
                return
        raise CommandError(f"There is no person {options['name']!r} here.")

    def _show_one(self, pk: int, options: dict[str, Any]) -> None:
        found = listing.person(pk)
        self.show([_row(found)] if found else [], options)


def _takes_roles(parser: Any) -> None:
    parser.add_argument(
        "--role",
        dest="roles",
        action="append",
        required=True,
        choices=Role.values,
        help="what they do here; may be repeated",
    )


def _roles(options: dict[str, Any]) -> set[Role]:
    return {Role(each) for each in options["roles"]}


def _row(person: listing.Listed) -> dict[str, Any]:
    return {
        "name": person.name,
        "roles": ", ".join(person.roles),
        "active": person.is_active,
        "second factor": ", ".join(person.second_factors) or "none",
        "last signed in": person.last_login or "never",
    }


def _link(secret: str, until: Any) -> dict[str, Any]:
    base = settings.PUBLIC_URL or "http://127.0.0.1:8000"
    return {"link": base + reverse("invitation", args=[secret]), "until": until}
