"""Who gets it is part of what a reviewer approves."""

import re
from collections.abc import Iterator
from unittest import mock

import pytest
from celery import current_app
from django.test import Client

from indicators.models import Collection, Draft, DraftState, Grant, Member
from indicators.store.custody import open_collection
from tests.detections.submissions.author import Author, person
from tests.objects import id_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    with mock.patch.object(current_app, "send_task"):
        yield


@pytest.fixture
def shared() -> Collection:
    return open_collection(title="Labs", alias="labs", audience="labs")


@pytest.fixture
def draft(client: Client, shared: Collection) -> Draft:
    """Ana's, before Rae's eyes."""
    ana = Author.begun(person("ana", "analyst"), shared)
    ana.prepare(name="Long winter")
    client.force_login(person("rae", "reviewer"))
    return ana.send()


def approval(client: Client, draft: Draft) -> dict[str, str]:
    """What the page sends of an approval."""
    page = client.get(f"/reviews/{draft.pk}/").content.decode()
    [listed] = re.findall(r'name="readers" value="([^"]+)"', page)
    return {"decision": "approve", "readers": listed}


def test_who_gets_it_as_shown_gets_it_as_approved(client: Client, draft: Draft) -> None:
    posted = approval(client, draft)
    assert client.post(f"/reviews/{draft.pk}/decide/", posted).status_code == 302


def test_a_reader_who_came_meanwhile_is_looked_at_first(
    client: Client, draft: Draft, shared: Collection
) -> None:
    posted = approval(client, draft)
    birch = Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    Grant.objects.create(collection=shared, member=birch, can_read=True)
    answer = client.post(f"/reviews/{draft.pk}/decide/", posted)
    assert (answer.status_code, b"Who gets it has changed" in answer.content) == (409, True)
    draft.refresh_from_db()
    assert draft.state == DraftState.REVIEW
