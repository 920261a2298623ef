"""People on the command line: the first one, and when nobody can sign in."""

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from indicators.models import AuditEvent, Person, Role
from tests.people.persons import somebody

pytestmark = pytest.mark.django_db


def said(*words: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    call_command("person", *words, "--json", stdout=out)
    found: list[dict[str, Any]] = json.loads(out.getvalue())
    return found


def test_a_person_is_added_with_a_password_for_once() -> None:
    password = said("add", "ben", "--role", "analyst")[0]["one-time password"]
    ben = Person.objects.get(user__username="ben")
    assert (ben.user.check_password(password), ben.must_change_password) == (True, True)


def test_a_password_of_the_environment_is_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENS", "a staple, a battery, a horse")
    row = said("add", "ben", "--role", "analyst", "--password-from", "BENS")[0]
    assert "one-time password" not in row
    assert not Person.objects.get(user__username="ben").must_change_password


def test_a_name_is_given_once() -> None:
    somebody("ben", Role.ANALYST)
    with pytest.raises(CommandError, match="is taken"):
        said("add", "Ben", "--role", "analyst")


def test_people_are_listed_with_their_roles() -> None:
    somebody("ben", Role.ANALYST, Role.REVIEWER)
    assert said("list")[0]["roles"] == "analyst, reviewer"


def test_an_invitation_is_a_link_that_opens() -> None:
    link = said("invite", "--role", "reviewer")[0]["link"]
    path = "/invitation/" + link.rpartition("/")[2]
    assert Client(SERVER_NAME="localhost").get(path).status_code == 200


def test_access_is_renewed_by_a_link() -> None:
    somebody("ben", Role.ANALYST)
    assert "/invitation/" in said("renew", "ben")[0]["link"]


def test_roles_are_changed() -> None:
    somebody("ben", Role.ANALYST)
    assert said("roles", "ben", "--role", "reviewer")[0]["roles"] == "reviewer"


def test_a_person_is_deactivated_and_let_in_again() -> None:
    somebody("ben", Role.ANALYST)
    said("deactivate", "ben")
    said("activate", "ben")
    assert User.objects.get(username="ben").is_active


def test_the_last_administrator_is_not_deactivated() -> None:
    somebody("adam", Role.ADMINISTRATOR)
    with pytest.raises(CommandError, match="Nobody would be left"):
        said("deactivate", "adam")


def test_what_is_done_on_the_command_line_is_written_down() -> None:
    said("add", "ben", "--role", "analyst")
    assert AuditEvent.objects.filter(act="add person", subject="ben").exists()
