"""The first page: one look, whatever is held."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from federation.models import Peer, PeerState, Subscription
from indicators import pipeline
from indicators.catalog.overview import DAYS, flow
from indicators.models import (
    AuditEvent,
    Cluster,
    Collection,
    Detection,
    Draft,
    Member,
    Policy,
    Role,
)
from indicators.pipeline.cataloguing import catalogue
from indicators.pipeline.desk.overview import overview
from indicators.store.custody import ensure_own_member, open_collection
from tests.contributing.detector import Contributor, finding
from tests.objects import id_of
from tests.people.persons import somebody
from tests.reconcile.leads import Leads
from tests.web.reading import html

pytestmark = pytest.mark.django_db


def seen(client: Client, user: User) -> str:
    client.force_login(user)
    return html(client.get("/overview/"))


def test_an_empty_node_says_what_will_be_here(client: Client) -> None:
    told = seen(client, somebody("ana", Role.ANALYST))
    assert "Nothing waits for you" in told
    assert "No campaign is known yet" in told
    assert "No peer yet" in told


def test_a_page_is_headed_by_what_the_organization_calls_itself(client: Client) -> None:
    Member.objects.filter(pk=ensure_own_member().pk).update(name="Alder Laboratories")
    told = seen(client, somebody("ana", Role.ANALYST))
    assert "<span>Alder Laboratories</span>" in told


def test_an_administrator_of_an_empty_node_is_led_to_the_first_steps(client: Client) -> None:
    assert "/start/" in seen(client, somebody("adam", Role.ADMINISTRATOR))


def test_a_reviewer_sees_how_many_drafts_wait(shared: Collection, client: Client) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding("f-1"), finding("f-2"))
    alder.work()
    assert overview(somebody("rae", Role.REVIEWER), datetime.now(UTC)).needs.reviews == 2
    assert "drafts to review" in seen(client, somebody("ray", Role.REVIEWER))


def test_an_author_is_not_asked_to_review_their_own(shared: Collection) -> None:
    alder = Contributor.trusted(shared)
    alder.send(finding())
    alder.work()
    ana = somebody("ana", Role.ANALYST, Role.REVIEWER)
    pipeline.describe_cluster(Cluster.objects.get().pk, ana, "They rotate resellers.")
    alder.work()
    assert overview(ana, datetime.now(UTC)).needs.reviews == 0


def test_an_analyst_sees_how_many_leads_are_open(client: Client) -> None:
    Leads.begin().match()
    assert "lead to look at" in seen(client, somebody("ana", Role.ANALYST))


def test_an_author_sees_that_their_words_came_back(shared: Collection) -> None:
    alder = Contributor.trusted(shared)
    alder.send(finding())
    alder.work()
    ana = somebody("ana", Role.ANALYST)
    pipeline.describe_cluster(Cluster.objects.get().pk, ana, "They rotate resellers.")
    alder.work()
    draft = Draft.objects.get(state="review")
    pipeline.return_draft(draft.pk, somebody("rae", Role.REVIEWER), "Which resellers?")
    assert overview(ana, datetime.now(UTC)).needs.words_returned == 1


def test_what_stopped_is_counted(shared: Collection, client: Client) -> None:
    Contributor.trusted(shared).send(finding())
    pipeline.stop_detection(Detection.objects.get().pk, "The key-holder refused a kind.")
    assert "stopped on the way" in seen(client, somebody("ana", Role.ANALYST))


def test_an_administrator_is_told_of_no_matches(client: Client) -> None:
    Leads.begin().match()
    assert "to look at" not in seen(client, somebody("adam", Role.ADMINISTRATOR))


def test_a_published_campaign_is_active(shared: Collection, client: Client) -> None:
    alder = Contributor.trusted(shared)
    alder.send(finding(capability_targets=["coding"], cluster={"key": "c", "size": {"value": 312}}))
    alder.work()
    catalogue()
    [active] = overview(somebody("rae", Role.REVIEWER), datetime.now(UTC)).campaigns
    assert (active.capabilities, len(active.days)) == (("coding",), DAYS)
    assert active.accounts is not None
    assert active.accounts.value == 312


def test_what_was_said_of_a_campaign_today_is_the_last_of_its_days(shared: Collection) -> None:
    alder = Contributor.trusted(shared)
    alder.send(finding())
    alder.work()
    catalogue()
    [active] = overview(somebody("rae", Role.REVIEWER), datetime.now(UTC)).campaigns
    assert active.days[-1] > 0
    assert set(active.days[:-1]) == {0}


def test_what_was_shared_is_counted_on_its_day(shared: Collection) -> None:
    alder = Contributor.trusted(shared)
    alder.send(finding())
    alder.work()
    now = datetime.now(UTC)
    told = flow(now)
    assert told.shared[-1] == sum(told.shared) > 5
    assert flow(now + timedelta(days=3)).shared[-4] == told.shared[-1]
    assert sum(told.received) == 0


def test_what_is_older_than_the_days_shown_is_not_counted(shared: Collection) -> None:
    alder = Contributor.trusted(shared)
    alder.send(finding())
    alder.work()
    assert sum(flow(datetime.now(UTC) + timedelta(days=60)).shared) == 0


def peer(name: str, **subscription: Any) -> Peer:
    birch = Peer.objects.create(
        name=name,
        identity_id=id_of("identity", name),
        base_url="https://birch.example",
        state=PeerState.ACTIVE,
    )
    inbox = open_collection(title=f"From {name}", audience="named", is_inbox=True)
    Subscription.objects.create(peer=birch, url=f"{name}/", inbox=inbox.pk, **subscription)
    return birch


@pytest.mark.parametrize(
    ("subscription", "standing"),
    [
        ({}, "up to date"),
        ({"size": 5, "size_seen": 9}, "behind"),
        ({"failures": 2, "failure": "It did not answer."}, "failing"),
        ({"state": "frozen"}, "frozen"),
    ],
)
def test_a_feed_says_the_worst_that_is_true_of_it(
    subscription: dict[str, Any], standing: str
) -> None:
    peer("Birch", **subscription)
    [feed] = overview(somebody("ana", Role.ANALYST), datetime.now(UTC)).feeds
    assert feed.standing == standing


def test_feeds_with_trouble_come_first() -> None:
    peer("Alder")
    peer("Birch", failures=3)
    feeds = overview(somebody("ana", Role.ANALYST), datetime.now(UTC)).feeds
    assert [each.name for each in feeds] == ["Birch", "Alder"]


def test_the_overview_costs_the_same_however_much_is_held(
    shared: Collection, client: Client, django_assert_max_num_queries: Any
) -> None:
    alder = Contributor.trusted(shared)
    alder.send(*(finding(f"f-{n}") for n in range(30)))
    alder.work()
    catalogue()
    for name in ("Birch", "Cedar", "Forum"):
        peer(name)
    AuditEvent.objects.create(actor="adam", act="dismiss first run", subject="first run")
    client.force_login(somebody("ana", Role.ANALYST, Role.REVIEWER))
    client.get("/overview/")  # the first request of a session is noted
    with django_assert_max_num_queries(7):
        html(client.get("/overview/"))
