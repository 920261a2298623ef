"""What pages make of requests that no page of ours would send: an answer, and never a failure."""

import pytest
from django.test import Client

from indicators.models import Role
from tests.people.persons import at_the_desk_of, somebody
from tests.web.test_access import PAGES

pytestmark = pytest.mark.django_db


@pytest.fixture
def mallory() -> Client:
    """Somebody who may open every page, and means no good."""
    return at_the_desk_of(somebody("mallory", *Role))


@pytest.mark.parametrize("where", [each for each in PAGES if "<id:" in each])
@pytest.mark.parametrize("stix_id", ["%00", "campaign--%00", "..", "x" * 5_000, "%ED%A0%80"])
def test_an_id_that_cannot_be_is_not_found(mallory: Client, where: str, stix_id: str) -> None:
    path = "/" + where.replace("<id:stix_id>", stix_id)
    answers = {mallory.get(path).status_code, mallory.post(path).status_code}
    assert answers <= {404, 405}
