"""What tests of connections share."""

import threading
import time
from collections.abc import Iterator

import pytest


@pytest.fixture
def few_threads() -> Iterator[None]:
    """No deadline outlives its request."""
    before = threading.active_count()
    yield
    deadline = time.monotonic() + 2
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
