"""The audit log takes in, gives out, and changes nothing."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from indicators.detections import audit
from indicators.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_an_act_is_recorded_with_its_detail() -> None:
    audit.record("ana", "reveal", "detection/1", accounts=3)
    event = AuditEvent.objects.get()
    assert (event.actor, event.act, event.subject) == ("ana", "reveal", "detection/1")
    assert event.detail == {"accounts": 3}


def test_an_event_cannot_be_changed() -> None:
    audit.record("ana", "reveal", "detection/1")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.update(actor="ben")


def test_an_event_cannot_be_deleted() -> None:
    audit.record("ana", "reveal", "detection/1")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.all().delete()


def test_events_are_exported_as_json_lines_oldest_first() -> None:
    audit.record("ana", "allow", "allowed/1")
    audit.record("ben", "reveal", "detection/1", accounts=3)
    exported = [json.loads(line) for line in audit.export()]
    assert [event["actor"] for event in exported] == ["ana", "ben"]
    assert exported[1]["detail"] == {"accounts": 3}


def test_an_export_begins_where_it_is_told() -> None:
    audit.record("ana", "allow", "allowed/1")
    at = AuditEvent.objects.get().at
    assert len(list(audit.export(at))) == 1
    assert list(audit.export(at + timedelta(microseconds=1))) == []
