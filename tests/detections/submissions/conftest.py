"""Alder's people and a collection for labs; nothing runs by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from unittest import mock

import pytest

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from indicators.models import Collection
    from tests.detections.submissions.author import Author


@pytest.fixture
def shared(db: None) -> Collection:
    from indicators.store.custody import open_collection

    return open_collection(title="Labs", alias="labs", audience="labs")


@pytest.fixture
def ana(shared: Collection) -> Author:
    from tests.detections.submissions.author import Author, person

    return Author.begun(person("ana", "analyst", "reviewer"), shared)


@pytest.fixture
def rae(db: None) -> User:
    from tests.detections.submissions.author import person

    return person("rae", "reviewer")


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    """Nothing is run by itself: `work` sends what the tables say is due, and runs it."""
    from celery import current_app

    with mock.patch.object(current_app, "send_task"):
        yield
