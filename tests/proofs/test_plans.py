"""What a proof is made of is found on the indexes named beside it, however large the log is."""

import pytest

from federation.models import Cosignature
from indicators.models import Collection
from indicators.proofs.collecting import collect_all, newest_places, places
from indicators.store.admission import admit
from indicators.store.custody import ensure_own_member, open_collection
from tests.objects import id_of, indicator, stix_objects
from tests.store.plans import Plans, explained, settle

pytestmark = pytest.mark.django_db

COUNT = 4000


@pytest.fixture(scope="module")
def labs(lasting: None) -> Collection:
    collection, own = open_collection(title="Labs"), ensure_own_member()
    for start in range(0, COUNT, 1000):
        admit(collection, own, stix_objects(indicator(n) for n in range(start, start + 1000)))
    settle()
    return collection


def plans_of_places(stix_id: str) -> Plans:
    with explained() as plans:
        places(stix_id)
    return plans


def test_the_places_of_an_object_are_a_look_up_in_each_collection(labs: Collection) -> None:
    assert plans_of_places(id_of("indicator", 17)).visited < 20


def test_the_places_of_many_objects_are_a_look_up_each(labs: Collection) -> None:
    with explained() as plans:
        newest_places(id_of("indicator", n) for n in range(50))
    assert "indicators_entry" not in plans.scanned and plans.visited < 50 * 10


def test_proofs_of_many_objects_cost_no_more_statements_than_one(labs: Collection) -> None:
    many = list(newest_places(id_of("indicator", n) for n in range(0, COUNT, 40)).values())
    with explained() as plans:
        collect_all(many[:1])
    with explained() as all_plans:
        collect_all(many)
    assert all_plans.statements == plans.statements


def test_a_checkpoint_is_found_without_reading_all_of_them(labs: Collection) -> None:
    Cosignature.objects.create(log_id=labs.pk, size=COUNT, witness="w", line="")
    [place] = places(id_of("indicator", 1))
    with explained() as plans:
        collect_all([place])
    assert "federation_signedcheckpoint" not in plans.scanned or plans.visited < 60
