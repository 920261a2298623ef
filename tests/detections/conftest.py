"""The cast of the private side's tests: Alder's detector, and findings about one cluster."""

import pytest

from indicators.access import make_credential
from indicators.models import Credential, Detector, Member
from tests.detections.intake import Intake
from tests.objects import id_of


@pytest.fixture
def detector(db: None) -> Detector:
    return Detector.objects.create(name="hydra-finder")


@pytest.fixture
def credential(detector: Detector) -> Credential:
    alder = Member.objects.create(name="Alder", identity_id=id_of("identity", "Alder"))
    made, _ = make_credential(alder, "finder")
    made.detector = detector
    made.save()
    return made


@pytest.fixture
def intake(credential: Credential) -> Intake:
    """POSTs of Alder's detector."""
    return Intake(credential)
