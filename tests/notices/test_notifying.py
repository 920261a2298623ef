"""From a look at the tables to a program, by workers."""

from datetime import UTC, datetime
from unittest import mock

import pytest
from celery import current_app

from indicators import pipeline
from indicators.models import Cause, Dispatch, Role
from indicators.notices import inbox, webhooks
from tests.notices.drafts import draft
from tests.people.persons import somebody

pytestmark = pytest.mark.django_db


def test_what_is_new_is_handed_to_workers() -> None:
    rae = somebody("rae", Role.REVIEWER)
    webhooks.add("https://pager.example/", [Cause.REVIEW], rae, datetime.now(UTC))
    draft()
    with mock.patch.object(current_app, "send_task") as sent:
        pipeline.notify()
    assert inbox.unread(rae) == "1"
    [call] = sent.call_args_list
    assert call.args == (pipeline.DISPATCH,)
    assert call.kwargs["args"] == [str(Dispatch.objects.get().pk)]


def test_what_a_broker_lost_is_handed_over_again() -> None:
    rae = somebody("rae", Role.REVIEWER)
    webhooks.add("https://pager.example/", [Cause.REVIEW], rae, datetime.now(UTC))
    draft()
    for _ in range(2):
        with mock.patch.object(current_app, "send_task") as sent:
            pipeline.notify()
    assert sent.call_count == 1
