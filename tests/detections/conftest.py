"""The cast of the private side's tests: Alder's detector, and findings about one cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

# Read before Django is set up when this folder is tested alone: no table at the top.
if TYPE_CHECKING:
    from indicators.models import Credential, Detector
    from tests.detections.intake import Intake


@pytest.fixture
def detector(db: None) -> Detector:
    from indicators.models import Detector

    return Detector.objects.create(name="hydra-finder")


@pytest.fixture
def credential(detector: Detector) -> Credential:
    from indicators.access import make_credential
    from indicators.models import Member
    from tests.objects import id_of

    alder = Member.objects.create(name="Alder", identity_id=id_of("identity", "Alder"))
    made, _ = make_credential(alder, "finder")
    made.detector = detector
    made.save()
    return made


@pytest.fixture
def intake(credential: Credential) -> Intake:
    """POSTs of Alder's detector."""
    from tests.detections.intake import Intake

    return Intake(credential)
