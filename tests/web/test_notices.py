"""The pages of notices and webhooks."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from indicators.models import Cause, Digest, Notice, NoticeChoice, Person, Role, Webhook
from indicators.notices import inbox
from indicators.notices.sweeping import sweep
from tests.notices.drafts import NOW, draft
from tests.people.persons import at_the_desk_of, somebody
from tests.web.reading import page, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def rae(db: None) -> User:
    return somebody("rae", Role.REVIEWER)


def test_a_notice_leads_to_where_one_goes_on(rae: User) -> None:
    draft()
    sweep(NOW)
    shown = at_the_desk_of(rae).get("/notices/")
    assert 'href="/reviews/"' in shown.content.decode()
    assert "1 draft waits for review. new" in words(shown)


def test_who_becomes_a_reviewer_is_told_of_reviews_whatever_was_chosen_before() -> None:
    ana = somebody("ana", Role.ANALYST)
    at_the_desk_of(ana).post("/notices/choices/", {"told": [], "digest": "off"})
    Person.objects.filter(pk=ana.pk).update(roles=[Role.ANALYST, Role.REVIEWER])
    assert inbox.choices(User.objects.get(pk=ana.pk)).told == {Cause.REVIEW, Cause.REFERRAL}


def test_looking_marks_nothing_read(rae: User) -> None:
    draft()
    sweep(NOW)
    at_the_desk_of(rae).get("/notices/")
    assert Notice.objects.filter(read_at=None).count() == 1


def test_a_notice_is_marked_read(rae: User) -> None:
    draft()
    sweep(NOW)
    answer = at_the_desk_of(rae).post("/notices/read/", {"notice": Notice.objects.get().pk})
    assert answer.status_code == 302
    assert Notice.objects.get().read_at is not None


def test_nobody_marks_what_is_anothers(rae: User) -> None:
    draft()
    sweep(NOW)
    ben = at_the_desk_of(somebody("ben", Role.REVIEWER))
    ben.post("/notices/read/", {"notice": Notice.objects.get().pk})
    ben.post("/notices/read/", {"all": "1"})
    assert Notice.objects.get().read_at is None


def test_nobody_sees_what_is_anothers(rae: User) -> None:
    draft()
    sweep(NOW)
    assert "Nothing to tell" in words(
        at_the_desk_of(somebody("ana", Role.ANALYST)).get("/notices/")
    )


def test_notices_are_paged(rae: User) -> None:
    Notice.objects.bulk_create(
        Notice(
            user=rae, cause=Cause.DECIDED, subject=f"approved match {uuid4()}", count=1,
            at=NOW - timedelta(minutes=n // 4),
        )
        for n in range(120)
    )  # fmt: skip
    client, seen, query = at_the_desk_of(rae), 0, ""
    for _ in range(3):
        shown = page(client, f"/notices/{query}")
        seen += shown.count("data-row")
        found = re.search(r'href="(\?before=[^"]+)"', shown)
        query = found[1] if found else ""
    assert (seen, query) == (120, "")


def test_a_place_that_is_none_is_the_beginning(rae: User) -> None:
    client = at_the_desk_of(rae)
    for place in ("x", "2026-01-01_1", "_", "2026-01-01T00:00:00+00:00_x"):
        assert client.get("/notices/", {"before": place}).status_code == 200


def test_choices_are_kept(rae: User) -> None:
    answer = at_the_desk_of(rae).post(
        "/notices/choices/", {"told": ["review"], "digest": "weekly"}, follow=True
    )
    assert "Kept." in words(answer)
    kept = NoticeChoice.objects.get()
    assert kept.digest == Digest.WEEKLY
    assert Cause.REVIEW not in kept.muted
    assert Cause.REFERRAL in kept.muted


def test_only_what_concerns_a_person_is_asked(rae: User) -> None:
    shown = words(at_the_desk_of(rae).get("/notices/choices/"))
    assert "Drafts wait for review" in shown
    assert "Something is wrong with a peer" not in shown


def test_a_choice_that_there_is_not_is_refused(rae: User) -> None:
    answer = at_the_desk_of(rae).post("/notices/choices/", {"told": ["peer"], "digest": "hourly"})
    assert answer.status_code == 422
    assert not NoticeChoice.objects.exists()


def add(adam: Client, url: str = "https://pager.example/") -> Any:
    return adam.post("/settings/webhooks/", {"url": url, "events": ["review", "peer"]})


def test_a_secret_is_shown_once_and_never_kept_by_a_browser(adam: Client) -> None:
    answer = add(adam)
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", answer.content.decode())
    assert found is not None
    assert "no-store" in answer["Cache-Control"]
    number = Webhook.objects.get().pk
    for path in ("/settings/webhooks/", f"/settings/webhooks/{number}/"):
        assert found[0] not in page(adam, path)


def test_an_address_inside_is_an_error_of_the_form(adam: Client) -> None:
    answer = add(adam, "https://127.0.0.1/")
    assert "127.0.0.1 is a loopback, private or otherwise closed address" in words(answer, 422)


def test_a_webhook_is_disabled_enabled_and_removed(adam: Client) -> None:
    add(adam)
    path = f"/settings/webhooks/{Webhook.objects.get().pk}/"
    adam.post(path, {"act": "disable"})
    assert Webhook.objects.get().disabled_at is not None
    adam.post(path, {"act": "enable"})
    assert Webhook.objects.get().disabled_at is None
    assert "whsec_" in adam.post(path, {"act": "renew"}).content.decode()
    assert adam.post(path, {"act": "explode"}).status_code == 400
    adam.post(path, {"act": "remove"})
    assert not Webhook.objects.exists()


def test_what_a_program_was_told_is_shown(adam: Client) -> None:
    add(adam)
    draft()
    sweep(datetime.now(UTC))
    shown = words(adam.get(f"/settings/webhooks/{Webhook.objects.get().pk}/"))
    assert "Drafts wait for review 0 on its way" in shown


def test_an_unknown_webhook_is_404(adam: Client) -> None:
    assert adam.get(f"/settings/webhooks/{uuid4()}/").status_code == 404
    assert adam.post(f"/settings/webhooks/{uuid4()}/", {"act": "enable"}).status_code == 404


def test_only_administrators_configure_webhooks(rae: User) -> None:
    assert at_the_desk_of(rae).get("/settings/webhooks/").status_code == 403


@pytest.mark.parametrize("path", ["/notices/", "/notices/choices/"])
def test_a_page_costs_a_bounded_number_of_queries(
    rae: User, path: str, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        draft()
    sweep(NOW)
    client = at_the_desk_of(rae)
    with django_assert_max_num_queries(7):
        page(client, path)
