"""The door: bytes in, objects or problems out."""

import json
from datetime import UTC, datetime
from time import process_time
from typing import Any

import pytest

from federation.canonical import canonical, digest
from indicators.stix import Tlp, UnreadableInput, parse_objects
from tests.stix.corpus import DOMAIN_OBJECTS, EVERYTHING, OBSERVABLES
from tests.stix.corpus.making import CREATOR, authored
from tests.stix.reading import accepted, parsed, problems, refusal

ROOMY = 50_000_000
CAMPAIGN = next(each for each in DOMAIN_OBJECTS if each["type"] == "campaign")


def unreadable(source: bytes, max_bytes: int = ROOMY) -> UnreadableInput:
    with pytest.raises(UnreadableInput) as caught:
        parse_objects(source, max_bytes=max_bytes)
    return caught.value


def test_a_bundle_is_read() -> None:
    bundle = {
        "type": "bundle",
        "id": "bundle--ca1980c5-97ec-4a7f-9961-a38a1be1f626",
        "objects": [CAMPAIGN],
    }
    assert len(parse_objects(json.dumps(bundle).encode(), max_bytes=ROOMY).objects) == 1


def test_a_taxii_envelope_is_read() -> None:
    envelope = {"more": False, "objects": [CAMPAIGN]}
    assert len(parse_objects(json.dumps(envelope).encode(), max_bytes=ROOMY).objects) == 1


def test_an_empty_list_is_an_empty_result() -> None:
    assert parsed().objects == []


def test_what_an_object_states_is_read_from_it() -> None:
    stated = accepted(CAMPAIGN)
    assert (stated.id, stated.type, stated.spec_version, stated.created_by_ref) == (
        CAMPAIGN["id"],
        "campaign",
        "2.1",
        CREATOR,
    )


def test_times_are_aware_and_precise_to_the_microsecond() -> None:
    stated = accepted({**CAMPAIGN, "modified": "2026-11-21T09:00:00.123456Z"})
    assert stated.modified == datetime(2026, 11, 21, 9, 0, 0, 123456, tzinfo=UTC)


def test_the_version_is_modified() -> None:
    stated = accepted(CAMPAIGN)
    assert stated.version == stated.modified


def test_the_version_of_a_marking_is_created() -> None:
    marking = next(each for each in EVERYTHING if each["type"] == "marking-definition")
    stated = accepted(marking)
    assert (stated.modified, stated.version) == (None, stated.created)


def test_an_observable_has_no_version() -> None:
    assert accepted(OBSERVABLES[0]).version is None


def test_an_object_without_markings_has_no_tlp() -> None:
    assert accepted(OBSERVABLES[0] | {"object_marking_refs": [_statement()]}).tlp is None


def _statement() -> str:
    return "marking-definition--d81f86b8-975b-4c0b-875e-810c5ad45a4f"


@pytest.mark.parametrize("value", EVERYTHING, ids=lambda value: value["type"])
def test_the_body_is_the_canonical_form(value: Any) -> None:
    assert accepted(value).body == canonical(value)


def test_the_hash_is_that_of_the_body() -> None:
    stated = accepted(CAMPAIGN)
    assert stated.sha256 == digest(stated.body)


def test_a_revoked_object_says_so() -> None:
    assert accepted({**CAMPAIGN, "revoked": True}).revoked


def test_one_bad_object_does_not_fail_the_others() -> None:
    result = parsed(CAMPAIGN, {**CAMPAIGN, "confidence": 101}, CAMPAIGN)
    assert [each.index for each in result.objects] == [0, 2]


def test_a_problem_names_index_id_version_pointer_and_sentence() -> None:
    (problem,) = problems(CAMPAIGN, {**CAMPAIGN, "confidence": 101})
    assert (problem.index, problem.id, problem.version, problem.pointer, problem.message) == (
        1,
        CAMPAIGN["id"],
        CAMPAIGN["modified"],
        "/confidence",
        "confidence must be at most 100.",
    )


def test_a_problem_in_a_list_of_an_extension_points_into_it() -> None:
    value = json.loads(json.dumps(CAMPAIGN))
    (extension,) = value["extensions"].values()
    extension["capability_targets"][1] = "Not A Term"
    assert refusal(value).pointer.endswith("/capability_targets/1")


def test_every_fault_of_an_object_is_reported() -> None:
    found = problems({**CAMPAIGN, "confidence": -1, "revoked": "no", "colour": "red"})
    assert {each.pointer for each in found} == {"/confidence", "/revoked", "/colour"}


def test_an_object_with_countless_faults_gets_a_bounded_list() -> None:
    assert len(problems({**CAMPAIGN, "labels": [0] * 1_000})) == 20


def test_many_objects_with_countless_faults_take_bounded_time() -> None:
    value = {**CAMPAIGN, "labels": [0] * 5_000}
    start = process_time()
    assert len(parsed(*[value] * 300).objects) == 0
    assert process_time() - start < 10


@pytest.mark.parametrize("value", [None, 5, "x", [], [CAMPAIGN], True])
def test_something_else_in_the_list_of_objects_is_a_problem(value: Any) -> None:
    assert refusal(value).pointer == ""


@pytest.mark.parametrize("value", [{}, {"type": 5}, {"type": None}, {"type": "unheard-of"}])
def test_an_object_without_a_known_type_is_a_problem(value: Any) -> None:
    assert refusal(value).pointer == "/type"


def test_a_bundle_in_a_bundle_is_a_problem() -> None:
    assert refusal({"type": "bundle", "objects": []}).pointer == "/type"


def test_stix_2_0_is_refused() -> None:
    assert refusal({**CAMPAIGN, "spec_version": "2.0"}).pointer == "/spec_version"


def test_an_object_without_spec_version_is_refused() -> None:
    value = {name: each for name, each in CAMPAIGN.items() if name != "spec_version"}
    assert refusal(value).message == "spec_version is required."


def test_an_observable_may_omit_spec_version() -> None:
    value = {name: each for name, each in OBSERVABLES[0].items() if name != "spec_version"}
    assert accepted(value).spec_version is None


UNREADABLE = {
    "no JSON": (b"{", "objects"),
    "a list": (b"[]", ""),
    "no objects": (b"{}", "/objects"),
    "objects that are no list": (b'{"objects":{}}', "/objects"),
    "a single object": (b'{"type":"campaign","objects":[]}', "/type"),
    "a duplicate key in an object": (b'{"objects":[{"a":1},{"a":1,"a":2}]}', "/objects/1/a"),
    "a huge number": (b'{"objects":[{"a":1e99}]}', "/objects/0/a"),
}


@pytest.mark.parametrize("name", [name for name in UNREADABLE if name != "no JSON"])
def test_the_whole_is_refused_with_its_place_for(name: str) -> None:
    source, place = UNREADABLE[name]
    assert unreadable(source).pointer == place


def test_what_is_no_json_is_refused() -> None:
    assert "not JSON" in str(unreadable(b"{"))


def test_too_many_bytes_are_refused() -> None:
    assert "smaller parts" in str(unreadable(b'{"objects":[]}', max_bytes=5))


def test_ten_thousand_levels_are_refused_in_no_time() -> None:
    deep = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    start = process_time()
    assert "32 levels" in str(unreadable(b'{"objects":[' + deep + b"]}"))
    assert process_time() - start < 2


HOSTILE = {
    "selectors": {"granular_markings": [{"lang": "en", "selectors": ["a" * 250] * 20_000}]},
    "a selector of many steps": {
        "granular_markings": [{"lang": "en", "selectors": ["labels" + ".[0]" * 100_000]}]
    },
    "an index of many digits": {
        "granular_markings": [{"lang": "en", "selectors": ["labels.[" + "9" * 100_000 + "]"]}]
    },
    "a long language tag": {"lang": "en" + "-a1b2c" * 100_000},
    "a long id": {"id": "campaign--" + "a" * 1_000_000},
    "a long timestamp": {"modified": "2026-01-01T00:00:00." + "0" * 1_000_000 + "Z"},
    "a long url": {"external_references": [{"source_name": "x", "url": "http://" + "[" * 500_000}]},
    "many properties": {f"property_{number}": 1 for number in range(50_000)},
    "many extensions": {"extensions": {f"x-{number}-ext": {} for number in range(20_000)}},
    "an extension of many properties": {
        "extensions": {
            "extension-definition--71736db5-10db-43d3-b0e3-65cf81601fe1": {
                f"p{number}": None for number in range(20_000)
            }
        }
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_object_is_refused_in_bounded_time_for(name: str) -> None:
    start = process_time()
    assert problems(authored("campaign", **{"name": "C", **HOSTILE[name]}))
    assert process_time() - start < 5


def test_a_hostile_cpe_is_refused_in_bounded_time() -> None:
    software = next(each for each in OBSERVABLES if each["type"] == "software")
    start = process_time()
    assert problems({**software, "cpe": "cpe:2.3:a:" + "?a" * 50_000})
    assert process_time() - start < 5


def test_tlp_levels_have_an_order() -> None:
    assert sorted(Tlp, key=lambda tlp: tlp.rank) == [
        Tlp.CLEAR,
        Tlp.GREEN,
        Tlp.AMBER,
        Tlp.AMBER_STRICT,
        Tlp.RED,
    ]
