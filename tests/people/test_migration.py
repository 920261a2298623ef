"""Who decided before there were roles, goes on deciding."""

import importlib

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection

from indicators.models import Person, Role

pytestmark = pytest.mark.django_db

_MIGRATION = importlib.import_module("indicators.migrations.0004_people")


def roles_after_the_migration(user: User) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_MIGRATION.ROLES)
    found = Person.objects.filter(user=user).values_list("roles", flat=True).first()
    return set(found or ())


def test_a_superuser_administers() -> None:
    root = User.objects.create(username="root", is_superuser=True)
    assert roles_after_the_migration(root) == {Role.ADMINISTRATOR}


def test_whoever_decided_on_drafts_reviews() -> None:
    ben = User.objects.create(username="ben")
    ben.user_permissions.add(Permission.objects.get(codename="change_draft"))
    assert roles_after_the_migration(ben) == {Role.REVIEWER}


def test_a_group_gives_what_its_permissions_gave() -> None:
    ana, group = User.objects.create(username="ana"), Group.objects.create(name="desk")
    group.permissions.add(Permission.objects.get(codename="change_match"))
    ana.groups.add(group)
    assert roles_after_the_migration(ana) == {Role.ANALYST}


def test_whoever_decided_nothing_has_no_role() -> None:
    assert roles_after_the_migration(User.objects.create(username="eve")) == set()
