"""Alder's node, which knows of a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.referrals.case import Case


@pytest.fixture
def case(db: None) -> Case:
    from tests.referrals.case import Case

    made = Case()
    made.describe()
    return made
