"""Leads are told once a day."""

from collections.abc import Iterator
from datetime import timedelta
from unittest import mock

import pytest
from celery import current_app

from indicators.models import Role
from indicators.notices import inbox
from indicators.notices.sweeping import sweep
from tests.people.persons import somebody
from tests.reconcile.leads import NOW, Leads

pytestmark = pytest.mark.django_db


@pytest.fixture
def leads(db: None) -> Iterator[Leads]:
    with mock.patch.object(current_app, "send_task"):
        yield Leads.begin()


def test_the_leads_of_a_day_are_one_notice(leads: Leads) -> None:
    ana = somebody("ana", Role.ANALYST)
    leads.match("one")
    sweep(NOW)
    inbox.mark_read(ana, NOW)
    leads.match("two")
    sweep(NOW + timedelta(minutes=1))
    [entry] = inbox.read_page(ana).entries
    assert (entry.text, entry.is_read) == ("2 new leads on 1 March.", True)


def test_a_day_without_leads_tells_nothing(leads: Leads) -> None:
    ana = somebody("ana", Role.ANALYST)
    leads.match("one")
    sweep(NOW + timedelta(days=1))
    assert inbox.read_page(ana).entries == ()
