"""Deterministic ids of observables, against stix2 and the rules of STIX 2.1 §2.9."""

import warnings
from typing import Any

import pytest
import stix2

from indicators.stix.ids import observable_id
from indicators.stix.structure import object_types
from tests.stix.corpus import OBSERVABLES, OUR_OBSERVABLES
from tests.stix.corpus.making import (
    FOREIGN_EXTENSION,
    IDENTIFIER_TOKEN,
    ORIGIN_SIGNATURE,
    Value,
    observable,
    ref,
)
from tests.stix.reading import accepted, refusal

IDENTIFIED = [each for each in OBSERVABLES if each["type"] != "process"]


def ours(value: Value) -> str | None:
    return observable_id(object_types()[value["type"]], value)


@pytest.mark.parametrize("value", IDENTIFIED, ids=lambda value: value["type"])
def test_the_library_makes_the_same_id(value: Value) -> None:
    unnamed: dict[str, Any] = {name: each for name, each in value.items() if name != "id"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = stix2.parse(unnamed)
    assert ours(value) == theirs["id"]


@pytest.mark.parametrize("value", OUR_OBSERVABLES, ids=lambda value: value["type"])
def test_our_observables_have_deterministic_ids(value: Value) -> None:
    assert ours(value) == value["id"]


def test_another_version_5_id_is_refused_with_the_right_one() -> None:
    value = {**OBSERVABLES[2], "number": 15140}
    assert str(ours(value)) in refusal(value).message


def test_a_random_id_is_accepted() -> None:
    accepted({**OBSERVABLES[2], "id": ref("autonomous-system")})


def test_a_version_5_id_that_nothing_makes_is_refused() -> None:
    value = observable("process", None, pid=5)
    value["id"] = "process--d1385119-f12f-5fb7-b53b-b9c1e1d1c2d3"
    assert "version 4" in refusal(value).message


def test_an_observable_without_contributions_has_no_deterministic_id() -> None:
    assert ours(observable("user-account", None, display_name="J")) is None


def test_any_hash_may_make_the_id_where_none_is_preferred() -> None:
    hashes = {"SHA3-256": "a" * 64, "TLSH": "b" * 70}
    for name, digits in hashes.items():
        made = observable("file", {"hashes": {name: digits}})
        accepted({**made, "hashes": hashes})


def test_a_signature_does_not_change_the_id_it_covers() -> None:
    signature = {"extension_type": "property-extension", "jws": f"e30..{'A' * 86}"}
    value = observable("file", {"name": "x"})
    accepted({**value, "extensions": {ORIGIN_SIGNATURE: signature}})


def test_a_token_without_its_extension_is_refused() -> None:
    foreign = {FOREIGN_EXTENSION: {"extension_type": "property-extension"}}
    value = {**OUR_OBSERVABLES[0], "extensions": foreign}
    assert refusal(value).pointer == f"/extensions/{IDENTIFIER_TOKEN}"
