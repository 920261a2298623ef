"""Adam opens collections, says who may read them, and sees how far they are."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from indicators.models import (
    Audience,
    AuditEvent,
    Collection,
    Grant,
    Member,
    Relay,
    Sector,
    Served,
    State,
)
from indicators.store.custody import ensure_own_member, grant_access, open_collection
from tests.objects import id_of
from tests.web.reading import html, page, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def labs() -> Collection:
    return open_collection(title="Labs", audience=Audience.LABS)


def organization(name: str, sector: Sector = Sector.LAB) -> Member:
    return Member.objects.create(name=name, sector=sector, identity_id=id_of("identity", name))


def address(name: str, *about: Any) -> str:
    return reverse(name, args=[each.pk for each in about])


# --- Collections ---------------------------------------------------------------------------------


def test_an_empty_list_says_what_a_collection_is(adam: Client) -> None:
    assert "No collections yet" in html(adam.get(reverse("collections")))


def test_an_audience_is_explained_by_who_is_in_it_today(adam: Client) -> None:
    organization("Birch")
    organization("Cedar", Sector.CLOUD)
    shown = adam.get(reverse("collection-new"))
    said = dict(shown.context["form"].fields["audience"].choices)
    assert said["clouds"].endswith("Today: Cedar.")
    assert said["labs"].endswith("Today: Birch.")


def test_a_new_collection_has_a_log_and_is_written_down(adam: Client) -> None:
    form = {"title": "Labs", "audience": "labs", "signatures_required": "on"}
    adam.post(reverse("collection-new"), form)
    made = Collection.objects.get()
    assert (made.audience, made.signatures_required, made.alias) == ("labs", True, None)
    assert "Verifier" in html(adam.get(address("collection", made)))
    assert AuditEvent.objects.filter(act="open collection", actor="adam").exists()


def test_an_alias_that_is_taken_is_said_at_the_form(adam: Client, labs: Collection) -> None:
    Collection.objects.update(alias="labs")
    form = {"title": "More", "audience": "labs", "alias": "labs"}
    answer = adam.post(reverse("collection-new"), form)
    assert answer.status_code == 422
    assert Collection.objects.count() == 1


@pytest.mark.parametrize("alias", ["No Alias", "taken"])
def test_what_is_refused_of_a_collection_is_shown_with_what_was_typed(
    adam: Client, labs: Collection, alias: str
) -> None:
    open_collection(title="Others", audience=Audience.LABS, alias="taken")
    form = {"title": "All labs", "alias": alias, "description": "What labs found."}
    answer = adam.post(address("collection-describe", labs), form)
    assert answer.status_code == 422
    assert "What labs found.</textarea>" in answer.content.decode()


def test_a_collection_is_described_anew_and_keeps_its_audience(
    adam: Client, labs: Collection
) -> None:
    form = {"title": "All labs", "audience": "public", "description": "What labs found."}
    adam.post(address("collection-describe", labs), form)
    labs.refresh_from_db()
    assert (labs.title, labs.audience) == ("All labs", "labs")


def test_only_members_of_the_audience_can_be_chosen(adam: Client, labs: Collection) -> None:
    organization("Birch")
    organization("Cedar", Sector.CLOUD)
    shown = adam.get(address("collection", labs))
    assert [name for _, name in shown.context["grant"].fields["member"].choices] == ["Birch"]


def test_a_member_is_granted_access_and_loses_it(adam: Client, labs: Collection) -> None:
    birch = organization("Birch")
    adam.post(address("collection-grant", labs), {"member": birch.pk, "can_read": "on"})
    grant = Grant.objects.get()
    assert (grant.can_read, grant.can_write) == (True, False)
    adam.post(address("collection-revoke", labs, birch))
    assert not Grant.objects.exists()
    assert [each.act for each in AuditEvent.objects.order_by("pk")] == ["grant", "revoke"]


def test_a_member_outside_the_audience_is_refused_also_by_a_crafted_request(
    adam: Client, labs: Collection
) -> None:
    cedar = organization("Cedar", Sector.CLOUD)
    form = {"member": cedar.pk, "can_read": "on"}
    answer = adam.post(address("collection-grant", labs), form)
    assert "Cedar is registered as Cloud provider" in told(answer)
    assert not Grant.objects.exists()


def test_an_inbox_is_granted_to_nobody(adam: Client) -> None:
    inbox = open_collection(title="Inbox", audience="named", is_inbox=True)
    form = {"member": organization("Birch").pk, "can_read": "on"}
    assert adam.post(address("collection-grant", inbox), form).status_code == 404


def test_how_far_a_reader_is_stands_on_the_page(adam: Client, labs: Collection) -> None:
    birch = organization("Birch")
    grant_access(labs, birch, can_read=True, can_write=False)
    Served.objects.create(member=birch, collection=labs, size=7, served_at="2026-11-01T00:00:00Z")
    progress = adam.get(address("collection", labs)).context["detail"].progress
    assert [(each.reader.name, each.reader.size) for each in progress] == [("Birch", 7)]


def test_a_relay_is_ended(adam: Client, labs: Collection) -> None:
    inbox = open_collection(title="Inbox", audience="named", is_inbox=True)
    relay = Relay.objects.create(inbox=inbox, target=labs)
    adam.post(address("collection-end-relay", labs, relay))
    assert not Relay.objects.exists()


def test_the_list_costs_one_statement_for_all_collections(
    adam: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        open_collection(title=f"Collection {number}")
    with django_assert_max_num_queries(12):
        page(adam, reverse("collections"))


def test_a_page_costs_as_much_for_many_readers_as_for_one(
    adam: Client, labs: Collection, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        member = organization(f"Lab {number}")
        grant_access(labs, member, can_read=True, can_write=False)
    with django_assert_max_num_queries(26):
        page(adam, address("collection", labs))


# --- Members -------------------------------------------------------------------------------------


def test_a_member_is_added_with_its_sector(adam: Client) -> None:
    form = {"name": "Cedar", "sector": "cloud", "reliability": "A"}
    adam.post(reverse("member-new"), form)
    made = Member.objects.get(name="Cedar")
    assert (made.sector, made.reliability) == ("cloud", "A")


def test_a_name_that_is_taken_is_said_at_the_form(adam: Client) -> None:
    organization("Cedar")
    form = {"name": "Cedar", "sector": "cloud", "reliability": "A"}
    assert adam.post(reverse("member-new"), form).status_code == 422


def test_how_far_a_member_is_relied_upon_is_written_down(adam: Client) -> None:
    birch = organization("Birch")
    form = {"name": "Birch", "sector": "lab", "reliability": "D"}
    adam.post(address("member", birch), form)
    birch.refresh_from_db()
    assert birch.reliability == "D"
    assert AuditEvent.objects.get(act="change member").detail["reliability"] == "D"


def test_a_member_that_reads_for_labs_does_not_become_a_cloud(
    adam: Client, labs: Collection
) -> None:
    birch = organization("Birch")
    grant_access(labs, birch, can_read=True, can_write=False)
    form = {"name": "Birch", "sector": "cloud", "reliability": "B"}
    answer = adam.post(address("member", birch), form)
    assert "revoke that grant first" in html(answer, 422)
    birch.refresh_from_db()
    assert birch.sector == Sector.LAB


def test_a_member_is_held_off_with_a_reason(adam: Client) -> None:
    birch = organization("Birch")
    form = {"state": "suspended", "reason": "Asked for it."}
    adam.post(address("member-state", birch), form)
    birch.refresh_from_db()
    assert birch.state == State.SUSPENDED
    assert AuditEvent.objects.get(act="change state").detail["reason"] == "Asked for it."


def test_this_nodes_own_organization_is_not_held_off(adam: Client) -> None:
    own = ensure_own_member()
    answer = adam.post(address("member-state", own), {"state": "suspended"})
    assert "stays active" in told(answer)
