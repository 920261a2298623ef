"""Who is told what, and once."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from federation.models import Peer, PeerLog
from indicators.detections import audit
from indicators.models import (
    Cause,
    Cluster,
    Detector,
    Dispatch,
    Draft,
    DraftState,
    Notice,
    NoticeChoice,
    Policy,
    Role,
    Submission,
    Told,
    Webhook,
)
from indicators.notices import inbox, webhooks
from indicators.notices.sweeping import forget, sweep
from tests.notices.drafts import NOW, draft
from tests.objects import id_of
from tests.people.persons import somebody

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def rae(db: None) -> User:
    return somebody("rae", Role.REVIEWER)


def submitted(author: User) -> Submission:
    detector, _ = Detector.objects.get_or_create(name="analysts")
    cluster = Cluster.objects.create(detector=detector, token="x" * 22)
    return Submission.objects.create(
        author=author, cluster=cluster, state_since=NOW, created_at=NOW, changed_at=NOW
    )


def texts(user: User) -> list[str]:
    return [each.text for each in inbox.read_page(user).entries]


def test_a_reviewer_is_told_of_drafts_in_one_line(rae: User) -> None:
    draft()
    draft()
    sweep(NOW)
    assert texts(rae) == ["2 drafts wait for review."]
    assert inbox.unread(rae) == "1"


def test_nobody_is_told_to_review_what_they_wrote(rae: User) -> None:
    draft(author=rae)
    sweep(NOW)
    assert texts(rae) == []


def test_who_does_not_review_is_not_told(db: None) -> None:
    ana = somebody("ana", Role.ANALYST)
    draft()
    sweep(NOW)
    assert texts(ana) == []


def test_what_was_read_stays_read_until_something_comes(rae: User) -> None:
    draft()
    sweep(NOW)
    inbox.mark_read(rae, NOW)
    sweep(LATER)
    assert inbox.unread(rae) == ""
    draft(state_since=LATER)
    sweep(LATER)
    assert (texts(rae), inbox.unread(rae)) == (["2 drafts wait for review."], "1")


def test_fewer_drafts_are_no_news(rae: User) -> None:
    draft()
    draft(state_since=LATER)
    sweep(NOW)
    inbox.mark_read(rae, NOW)
    Draft.objects.filter(state_since=NOW).update(state=DraftState.REJECTED)
    sweep(LATER)
    assert (texts(rae), inbox.unread(rae)) == (["1 draft waits for review."], "")


def test_what_is_over_waits_for_nobody(rae: User) -> None:
    draft()
    sweep(NOW)
    Draft.objects.update(state=DraftState.REJECTED)
    sweep(LATER)
    assert texts(rae) == ["No draft waits for review any more."]
    assert inbox.unread(rae) == ""


def test_what_begins_anew_is_told_anew(rae: User) -> None:
    draft()
    sweep(NOW)
    Draft.objects.update(state=DraftState.REJECTED)
    sweep(LATER)
    Draft.objects.update(state=DraftState.REVIEW)
    sweep(LATER)
    assert inbox.unread(rae) == "1"


def test_an_author_is_told_what_was_decided(db: None) -> None:
    ana = somebody("ana", Role.ANALYST)
    returned = draft(author=ana, state=DraftState.RETURNED, cluster=submitted(ana).cluster)
    audit.record("rae", "returned", f"draft {returned.pk}", reason="Say where.")
    at = Told.objects.count()
    sweep(_now())
    assert texts(ana) == ["Your submission came back: a reviewer asks for changes."]
    assert Told.objects.count() > at


def test_a_decision_leads_to_what_it_is_of(db: None) -> None:
    ana = somebody("ana", Role.ANALYST)
    submission = submitted(ana)
    returned = draft(author=ana, state=DraftState.RETURNED, cluster=submission.cluster)
    audit.record("rae", "returned", f"draft {returned.pk}")
    sweep(_now())
    [entry] = inbox.read_page(ana).entries
    assert entry.path == f"/submissions/{submission.pk}/"


def test_a_decision_is_told_once_however_often_it_is_seen(db: None) -> None:
    ana = somebody("ana", Role.ANALYST)
    returned = draft(author=ana, state=DraftState.RETURNED, cluster=submitted(ana).cluster)
    audit.record("rae", "returned", f"draft {returned.pk}")
    sweep(_now())
    inbox.mark_read(ana, _now())
    sweep(_now())
    assert inbox.unread(ana) == ""
    assert Notice.objects.count() == 1


def test_administrators_are_told_of_a_frozen_log(db: None) -> None:
    adam, ana = somebody("adam", Role.ADMINISTRATOR), somebody("ana", Role.ANALYST)
    mallory = Peer.objects.create(name="Mallory", identity_id=id_of("identity", "Mallory"))
    PeerLog.objects.create(
        peer=mallory, collection=mallory.pk, origin="mallory/log", vkey="v", frozen_at=NOW
    )
    sweep(NOW)
    assert texts(adam) == ["Something is wrong with a peer: see its page."]
    assert texts(ana) == []


def test_administrators_are_told_of_a_demoted_detector(db: None) -> None:
    adam = somebody("adam", Role.ADMINISTRATOR)
    detector = Detector.objects.create(name="hydra-finder", demoted_at=NOW)
    sweep(NOW)
    assert len(texts(adam)) == 1
    Detector.objects.filter(pk=detector.pk).update(policy=Policy.PUBLISH)
    sweep(LATER)
    assert texts(adam) == ["A detector is trusted to publish again."]


def test_a_muted_cause_makes_no_notice(rae: User) -> None:
    inbox.choose(rae, inbox.Digest.OFF, [], NOW)
    draft()
    sweep(NOW)
    assert texts(rae) == []


def test_who_left_is_told_nothing(rae: User) -> None:
    User.objects.update(is_active=False)
    draft()
    sweep(NOW)
    assert not Notice.objects.exists()


def test_a_program_is_told_once(rae: User) -> None:
    webhooks.add("https://pager.example/hook", [Cause.REVIEW], rae, NOW)
    draft()
    sweep(NOW)
    sweep(LATER)
    assert Dispatch.objects.count() == 1
    draft(state_since=LATER)
    sweep(LATER)
    assert Dispatch.objects.count() == 2


def test_a_program_is_told_only_what_it_asked_for(rae: User) -> None:
    webhooks.add("https://pager.example/hook", [Cause.PEER], rae, NOW)
    draft()
    sweep(NOW)
    assert not Dispatch.objects.exists()


def test_a_disabled_webhook_is_told_nothing(rae: User) -> None:
    webhooks.add("https://pager.example/hook", [Cause.REVIEW], rae, NOW)
    Webhook.objects.update(disabled_at=NOW)
    draft()
    sweep(NOW)
    assert not Dispatch.objects.exists()


def test_a_message_holds_a_count_and_a_link_and_no_more(rae: User, settings: Any) -> None:
    settings.PUBLIC_URL = "https://alder.example"
    webhooks.add("https://pager.example/hook", [Cause.REVIEW], rae, NOW)
    draft()
    sweep(NOW)
    assert bytes(Dispatch.objects.get().body) == (
        b'{"type":"review.waiting","timestamp":"2026-03-04T12:00:00+00:00",'
        b'"data":{"count":1,"url":"https://alder.example/reviews/"}}'
    )


def test_what_is_long_read_is_forgotten(rae: User) -> None:
    draft()
    sweep(NOW)
    inbox.mark_read(rae, NOW)
    forget(NOW + timedelta(days=89))
    assert Notice.objects.exists()
    forget(NOW + timedelta(days=91))
    assert not Notice.objects.exists()


def test_a_look_costs_the_same_however_many_wait(
    rae: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(40):
        draft()
    NoticeChoice.objects.create(user=rae)
    with django_assert_max_num_queries(32):
        sweep(NOW)


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)
