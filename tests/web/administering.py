"""What the tests of administrators' pages share: what an answer says, and workers that rest."""

from typing import Any
from unittest import mock

from celery import current_app
from django.contrib.messages import get_messages


def told(answer: Any) -> str:
    """What the answer says to the person, in one text."""
    return " ".join(str(each) for each in get_messages(answer.wsgi_request))


def text(answer: Any) -> str:
    """The page."""
    page: str = answer.content.decode()
    return page


def no_workers() -> Any:
    """Nothing is run by itself; what is sent can be looked at."""
    return mock.patch.object(current_app, "send_task")
