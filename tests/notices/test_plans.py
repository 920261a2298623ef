"""A look costs by what there is to tell, not by what ever was."""

from datetime import timedelta
from uuid import uuid4

import pytest

from indicators.models import (
    AuditEvent,
    Cause,
    Cluster,
    Dispatch,
    Draft,
    DraftState,
    Match,
    Notice,
    Role,
    Webhook,
)
from indicators.notices import dispatching, inbox, sources, webhooks
from tests.notices.drafts import NOW, draft
from tests.objects import id_of
from tests.people.persons import somebody
from tests.reconcile.leads import Leads
from tests.store.plans import explained, settle

pytestmark = pytest.mark.django_db
MANY = 3_000


@pytest.fixture(scope="module")
def history(lasting: None) -> Leads:
    """Thousands of drafts, matches, notices and messages that are over."""
    ours = Leads.begin()
    rae, cluster = somebody("rae", Role.REVIEWER), Cluster.objects.get()
    over = {"objects_zstd": b"", "object_count": 1, "created_at": NOW, "state_since": NOW}
    Draft.objects.bulk_create(Draft(state=DraftState.PUBLISHED, **over) for _ in range(MANY))
    Match.objects.bulk_create(
        Match(
            cluster=cluster, stix_id=id_of("indicator", f"old {n}"), semantics="exact",
            token_count=1, account_count=1, found_at=NOW, changed_at=NOW - timedelta(days=n + 9),
        )
        for n in range(MANY)
    )  # fmt: skip
    Notice.objects.bulk_create(
        Notice(
            user=rae, cause=Cause.DECIDED, subject=f"approved match {uuid4()}", count=1,
            at=NOW - timedelta(minutes=n), read_at=NOW,
        )
        for n in range(MANY)
    )  # fmt: skip
    hook = Webhook.objects.create(
        url="https://pager.example/", events=[], sealed_secret=b"", created_at=NOW
    )
    Dispatch.objects.bulk_create(
        Dispatch(webhook=hook, event=Cause.REVIEW, body=b"", created_at=NOW, ended_at=NOW)
        for _ in range(MANY)
    )
    AuditEvent.objects.bulk_create(
        AuditEvent(actor="rae", act="approved", subject=f"draft {uuid4()}", at=NOW)
        for _ in range(MANY)
    )
    draft()
    settle()
    return ours


def test_each_source_reads_its_index(history: Leads) -> None:
    with explained() as plans:
        audience = sources.Audience.read()
        sources.standing(audience)
        sources.leads(audience, NOW)
        sources.decided(NOW + timedelta(hours=1), NOW + timedelta(hours=1))
    assert {"drafts_under_way", "matches_to_triage", "audit_by_time"} <= plans.indexes
    large = {"indicators_draft", "indicators_match", "indicators_auditevent"}
    assert not plans.scanned & large
    assert plans.visited < 300


def test_the_bell_reads_what_is_unread(history: Leads) -> None:
    rae = Notice.objects.first()
    assert rae is not None
    with explained() as plans:
        assert inbox.unread(rae.user) == ""
    assert "unread_notices" in plans.indexes
    assert plans.visited < 10


def test_a_page_of_notices_reads_its_index(history: Leads) -> None:
    rae = Notice.objects.first()
    assert rae is not None
    with explained() as plans:
        inbox.read_page(rae.user)
    assert "notices_of_person" in plans.indexes
    assert plans.visited < 100


def test_what_is_due_is_found_by_its_index(history: Leads) -> None:
    with explained() as plans:
        assert dispatching.due(NOW) == []
    assert "dispatches_due" in plans.indexes
    assert plans.visited < 10


def test_when_a_webhook_was_last_told_is_one_look(history: Leads) -> None:
    with explained() as plans:
        assert [each.last_at for each in webhooks.listed()] == [NOW]
    assert "dispatches_of_webhook" in plans.indexes
    assert plans.visited < 10
