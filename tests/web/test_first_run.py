"""Adam sets up an empty node in five steps, leaves in between, and finds his way back."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from indicators.models import Credential, Detector, Member, Role
from indicators.pipeline import people
from indicators.pipeline.administration import beginning
from indicators.pipeline.onboarding import add_peer, add_plain_peer
from indicators.store.custody import ensure_own_member, open_collection
from tests.peer_simulator import SimulatedNode, serving
from tests.web.reading import html

pytestmark = pytest.mark.django_db
START = "/start/"


def done() -> set[str]:
    return set(beginning.beginning().done)


def test_an_empty_node_begins_with_its_name(adam: Client) -> None:
    shown = adam.get(START)
    assert shown.context["begun"].following == "organization"
    assert "Say whose node this is" in html(shown)


def test_the_name_is_said_on_the_page_itself_and_leads_back_to_it(adam: Client) -> None:
    form = {"name": "Alder", "sector": "lab", "next": "first-run"}
    assert adam.post(reverse("organization"), form)["Location"] == START
    assert done() == {"organization"}


def test_a_collection_is_opened_on_the_page_itself(adam: Client) -> None:
    form = {"title": "Labs", "audience": "labs", "next": "first-run"}
    assert adam.post(reverse("collection-new"), form)["Location"] == START
    assert "collection" in done()


def test_an_inbox_is_no_collection_of_ones_own(adam: Client) -> None:
    open_collection(title="Inbox", audience="named", is_inbox=True)
    assert "collection" not in done()


def test_an_invitation_is_the_third_step(adam: Client) -> None:
    people.invite(User.objects.get(username="adam"), [Role.REVIEWER])
    assert "people" in done()


def test_a_detector_is_connected_once_it_has_a_key(adam: Client) -> None:
    own = ensure_own_member()
    form = {"name": "hydra-finder", "policy": "review", "tlp": 1, "next": "first-run"}
    assert adam.post(reverse("detector-new"), form)["Location"] == START
    assert "detector" not in done()
    begun = adam.get(START).context["client"]
    assert begun["name"].value() == "hydra-finder"
    hydra = Detector.objects.get(name="hydra-finder")
    key = {"name": "finder", "member": own.pk, "scopes": ["ingest"], "detector": hydra.pk}
    answer = adam.post(reverse("client-new"), {**key, "next": "first-run"})
    assert START in html(answer)
    assert "detector" in done()


def test_a_revoked_key_connects_nothing(adam: Client) -> None:
    hydra = Detector.objects.create(name="hydra-finder")
    Credential.objects.create(
        member=ensure_own_member(),
        name="finder",
        key_sha256=bytes(32),
        scopes=["ingest"],
        detector=hydra,
        revoked_at="2026-11-01T00:00:00Z",
    )
    assert beginning.beginning().detector == hydra


def test_a_peer_that_was_read_is_to_be_compared_next(adam: Client) -> None:
    with serving(SimulatedNode("Birch")) as birch:
        peer = add_peer(birch.base_url, allow_private=True)
    shown = html(adam.get(START))
    assert reverse("peer", args=[peer.pk]) in shown
    assert "peer" not in done()


def test_a_plain_server_is_a_peer(adam: Client) -> None:
    add_plain_peer("https://cedar.example/taxii2/", name="Cedar")
    assert "peer" in done()


def test_nobody_is_led_there_who_does_not_want_it(adam: Client) -> None:
    assert beginning.is_due()
    adam.post(reverse("first-run-dismiss"))
    assert not beginning.is_due()


def test_the_page_stays_when_nobody_is_led_there(adam: Client) -> None:
    adam.post(reverse("first-run-dismiss"))
    assert adam.get(START).status_code == 200


def test_looking_changes_nothing(adam: Client) -> None:
    adam.get(START)
    assert not Member.objects.exists()


def test_it_costs_a_bounded_number_of_statements(
    adam: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(24):
        adam.get(START)
