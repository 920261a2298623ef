"""What pages make of requests that no page of ours would send: an answer, and never a failure."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from indicators.models import Role
from tests.people.persons import at_the_desk_of, somebody
from tests.web.test_access import PAGES

pytestmark = pytest.mark.django_db


@pytest.fixture
def mallory() -> Client:
    """Somebody who may open every page, and means no good."""
    return at_the_desk_of(somebody("mallory", *Role))


def said_in(answer: Any) -> str:
    return " ".join(str(each) for each in get_messages(answer.wsgi_request))


@pytest.mark.parametrize("where", [each for each in PAGES if "<id:" in each])
@pytest.mark.parametrize("stix_id", ["%00", "campaign--%00", "..", "x" * 5_000, "%ED%A0%80"])
def test_an_id_that_cannot_be_is_not_found(mallory: Client, where: str, stix_id: str) -> None:
    path = "/" + where.replace("<id:stix_id>", stix_id)
    answers = {mallory.get(path).status_code, mallory.post(path).status_code}
    assert answers <= {404, 405}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/settings/clients/new/?detector=%00", 200), (f"/matches/?cluster={'9' * 30}", 422)],
)
def test_a_question_that_cannot_be_asked_of_the_database_is_not(
    mallory: Client, path: str, status: int
) -> None:
    assert mallory.get(path).status_code == status


def test_a_form_that_is_too_large_is_told_what_to_do(mallory: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    answer = mallory.post("/settings/allow-list/", {"lines": "x" * 2_000})
    assert answer.status_code == 400
    assert "send it in parts" in answer.content.decode()


@pytest.mark.parametrize("act", ["withdraw", "sent"])
def test_words_that_the_database_cannot_keep_are_refused(mallory: Client, act: str) -> None:
    told = {"reason": "Because\0", "to": "Ministry\0"}
    answer = mallory.post(f"/referrals/{UUID(int=4711)}/{act}/", told)
    assert "Null characters are not allowed" in said_in(answer)
