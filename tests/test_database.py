"""Tests that commit leave the database as they found it."""

import pytest
from django.contrib.auth.models import Permission

from indicators.models import AuditEvent, Collection, Member
from indicators.store.custody import ensure_own_member, open_collection
from tests.database import empty_tables

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_committed_is_gone() -> None:
    ensure_own_member()
    open_collection(title="Labs")
    AuditEvent.objects.create(actor="adam", act="grant", subject="Birch")
    empty_tables()
    assert not Member.objects.exists()
    assert not Collection.objects.exists()
    assert not AuditEvent.objects.exists()


def test_permissions_stay() -> None:
    ensure_own_member()
    empty_tables()
    assert Permission.objects.filter(codename="change_draft").exists()
