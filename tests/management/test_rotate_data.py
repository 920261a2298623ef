"""`key rotate-data` leaves nothing under the old key."""

import io
import json

import pytest
from django.core.management import call_command

from indicators.detections.identifiers import allowlist
from indicators.models import Allowed, AuditEvent, DataKey, KeyPurpose

pytestmark = pytest.mark.django_db


def test_everything_is_sealed_by_the_new_key_and_the_old_one_is_gone() -> None:
    entry = allowlist.add("device", "dev-1", reason="A vendor", actor="ana")
    out = io.StringIO()
    call_command("key", "rotate-data", "--json", stdout=out)
    assert json.loads(out.getvalue()) == [{"sealed anew": 1}]
    key = DataKey.objects.get(purpose=KeyPurpose.IDENTIFIERS)
    assert Allowed.objects.get().data_key_id == key.pk != entry.data_key_id


def test_a_rotation_is_audited() -> None:
    call_command("key", "rotate-data", stdout=io.StringIO())
    assert AuditEvent.objects.filter(act="rotate", subject="data key").exists()
