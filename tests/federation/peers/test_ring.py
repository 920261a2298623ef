"""The ring says whose key a kid is, and where in its owner's logs it holds."""

import pytest

from federation.errors import NotPinned
from federation.peers.ring import KeyRing, RingKey
from tests.federation.peers.nodes import seeded

LOG = "alder.example/1"
OLD = RingKey("identity--a", "old", seeded("old").public_key, {}, {LOG: 10})
NEW = RingKey("identity--a", "new", seeded("new").public_key, {LOG: 10})
BIRCH = RingKey("identity--b", "birch", seeded("birch").public_key)
RING = KeyRing([OLD, NEW, BIRCH])


def test_a_key_is_found_by_its_thumbprint() -> None:
    assert RING.find("new") == NEW
    assert RING.find("other") is None


def test_an_organization_has_all_its_keys_retired_ones_too() -> None:
    assert RING.owner_keys("identity--a") == (OLD, NEW)
    assert RING.owner_keys("identity--c") == ()


def test_who_has_a_key_here_signs() -> None:
    assert RING.knows("identity--b")
    assert not RING.knows("identity--c")


def test_a_key_is_one_organizations() -> None:
    with pytest.raises(NotPinned, match="identity--a and for"):
        KeyRing([OLD, RingKey("identity--b", "old", OLD.public_key)])


@pytest.mark.parametrize(("place", "valid"), [(0, (True, False)), (9, (True, False))])
def test_before_the_change_the_old_key_holds(place: int, valid: tuple[bool, bool]) -> None:
    assert (OLD.is_valid_at(LOG, place), NEW.is_valid_at(LOG, place)) == valid


@pytest.mark.parametrize("place", [10, 11, 10**9])
def test_from_the_change_on_the_new_key_holds(place: int) -> None:
    assert (OLD.is_valid_at(LOG, place), NEW.is_valid_at(LOG, place)) == (False, True)


def test_in_a_log_that_is_younger_than_the_change_only_the_new_key_holds() -> None:
    assert (OLD.is_valid_at("young", 0), NEW.is_valid_at("young", 0)) == (False, True)
