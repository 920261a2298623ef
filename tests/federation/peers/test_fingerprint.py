"""A fingerprint is what two people compare."""

import pytest

from federation.peers import descriptor
from federation.peers.fingerprint import fingerprint, same
from tests.federation.peers.nodes import Described
from tests.federation.vectors import VECTORS, read_vectors

SPOKEN = read_vectors("descriptor/fingerprints.json")


@pytest.mark.parametrize("name", SPOKEN)
def test_a_descriptor_has_the_fingerprint_of_its_vector(name: str) -> None:
    read = descriptor.read((VECTORS / "descriptor" / name).read_bytes())
    assert fingerprint(read.keys) == SPOKEN[name]


def test_it_is_eight_groups_of_four() -> None:
    assert [len(group) for group in fingerprint(Described("Alder").keys).split()] == [4] * 8


def test_the_order_of_the_keys_does_not_matter() -> None:
    keys = Described("Alder").keys
    assert fingerprint(keys) == fingerprint(keys[::-1])


@pytest.mark.parametrize("use", ["object", "request"])
def test_another_current_key_of_either_use_is_another_fingerprint(use: str) -> None:
    alder = Described("Alder")
    before = fingerprint(alder.keys)
    alder.rotate("object" if use == "object" else "request")
    assert fingerprint(alder.keys) != before


def test_a_new_log_leaves_it_as_it_is() -> None:
    alder = Described("Alder")
    before = fingerprint(descriptor.read(alder.body()).keys)
    alder.open_log("labs")
    assert fingerprint(descriptor.read(alder.body()).keys) == before


@pytest.mark.parametrize(
    "written",
    ["abcd efgh", "ABCDEFGH", "ab-cd-ef-gh", " abcd\tefgh\n", "abcd\N{EN DASH}efgh"],
)
def test_people_write_it_as_they_like(written: str) -> None:
    assert same("ABCD EFGH", written)


@pytest.mark.parametrize("written", ["ABCD EFGI", "ABCD", "", "ABCD EFGH A", "ABCD ÉFGH"])
def test_another_one_is_another_one(written: str) -> None:
    assert not same("ABCD EFGH", written)
