"""Drafts in the administration: what is shown, and who decides."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from indicators.models import Collection, Draft, DraftState, Policy
from indicators.store.custody import open_collection
from tests.contributing.detector import Contributor, account, finding

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(db: None) -> Collection:
    return open_collection(title="Labs", alias="labs", audience="labs")


@pytest.fixture
def draft(shared: Collection) -> Draft:
    """In review, of an account whose e-mail address must be seen nowhere."""
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding(accounts=[account("a", email="planted-one@mail.example")]))
    alder.work()
    return Draft.objects.get()


def signed_in(name: str, *permissions: str) -> Client:
    person = User.objects.create_user(name, is_staff=True)
    for each in permissions:
        person.user_permissions.add(Permission.objects.get(codename=each))
    client = Client(SERVER_NAME="localhost")
    client.force_login(person)
    return client


def address(draft: Draft) -> str:
    return f"/admin/indicators/draft/{draft.pk}/change/"


def test_a_reviewer_sees_what_peers_will_see(draft: Draft) -> None:
    page = signed_in("ben", "view_draft", "change_draft").get(address(draft)).content.decode()
    assert "identifier-token:value IN" in page
    assert "planted-one" not in page


def test_a_reviewer_approves(draft: Draft) -> None:
    ben = signed_in("ben", "view_draft", "change_draft")
    ben.post(address(draft), {"decision": "approve", "reason": ""})
    draft.refresh_from_db()
    assert draft.state == DraftState.APPROVED


def test_a_rejection_without_a_reason_is_none(draft: Draft) -> None:
    ben = signed_in("ben", "view_draft", "change_draft")
    ben.post(address(draft), {"decision": "reject", "reason": ""})
    draft.refresh_from_db()
    assert draft.state == DraftState.REVIEW


def test_the_author_does_not_approve_by_a_crafted_request(draft: Draft) -> None:
    ana = signed_in("ana", "view_draft", "change_draft")
    Draft.objects.update(author=User.objects.get(username="ana"))
    ana.post(address(draft), {"decision": "approve", "reason": ""})
    draft.refresh_from_db()
    assert draft.state == DraftState.REVIEW


def test_who_may_only_look_does_not_decide(draft: Draft) -> None:
    mallory = signed_in("mallory", "view_draft")
    answer = mallory.post(address(draft), {"decision": "approve", "reason": ""})
    draft.refresh_from_db()
    assert (answer.status_code, draft.state) == (403, DraftState.REVIEW)


def test_a_decided_draft_is_not_decided_again(draft: Draft) -> None:
    ben = signed_in("ben", "view_draft", "change_draft")
    for decision in ("approve", "reject"):
        ben.post(address(draft), {"decision": decision, "reason": "changed my mind"})
    draft.refresh_from_db()
    assert draft.state == DraftState.APPROVED
