"""The proof page of what this node could not check: it neither praises nor blames."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from indicators.models import Person, Role
from indicators.pipeline.cataloguing import catalogue
from indicators.store.admission import admit
from indicators.store.custody import ensure_own_member, open_collection
from tests.objects import id_of, indicator, stix_objects
from tests.proofs.forging import SECOND, signed

pytestmark = pytest.mark.django_db

STIX_ID = id_of("indicator", "a")


@pytest.fixture
def ana(client: Client) -> Client:
    user = User.objects.create_user("ana")
    Person.objects.create(user=user, roles=[Role.ANALYST])
    client.force_login(user)
    return client


def held(value: dict[str, object]) -> None:
    admit(open_collection(title="Labs"), ensure_own_member(), stix_objects([value]))
    catalogue()


def test_a_strangers_signature_is_said_to_be_unchecked_and_not_broken(ana: Client) -> None:
    held(json.loads(signed(indicator("a"), SECOND)))
    page = ana.get(reverse("object-proof", args=[STIX_ID])).content.decode()
    assert "nobody is known to hold that key" in page
    assert "Nobody who is known here signed this object" in page
    assert "does not hold" not in page


def test_a_property_that_looks_like_a_count_is_shown(ana: Client) -> None:
    extensions = {
        "extension-definition--00000000-0000-4000-8000-000000000000": {
            "extension_type": "toplevel-property-extension"
        }
    }
    held(indicator("a", how_many={"value": "many"}, extensions=extensions))
    assert ana.get(reverse("object", args=[STIX_ID])).status_code == 200
