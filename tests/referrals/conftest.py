"""Alder's node, which knows of a campaign."""

import pytest

from tests.referrals.case import Case


@pytest.fixture
def case(db: None) -> Case:
    made = Case()
    made.describe()
    return made
