"""What Adam asks of the audit log and makes no sense."""

import pytest
from django.test import Client
from django.urls import reverse

from indicators.models import Role
from tests.people.persons import at_the_desk_of, somebody

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("query", ["since=2026-13-45", "act=fly", "actor=%00"])
def test_a_question_that_makes_no_sense_is_said_in_place_of_its_answer(query: str) -> None:
    adam: Client = at_the_desk_of(somebody("adam", Role.ADMINISTRATOR))
    answer = adam.get(f"{reverse('audit')}?{query}")
    [_, found] = answer.content.decode().split('<div id="found"')
    assert answer.status_code == 400
    assert 'role="alert"' in found and "Nothing matches" not in found
