"""What STIX 2.1 and Retort ask of single objects, rule by rule."""

import copy
from typing import Any

import pytest

from tests.stix.corpus import (
    DOMAIN_OBJECTS,
    META_OBJECTS,
    OBSERVABLES,
    OUR_OBSERVABLES,
    RELATIONSHIP_OBJECTS,
)
from tests.stix.corpus.making import (
    ATTRIBUTION_CLAIM,
    CREATOR,
    DISTILLATION_CAMPAIGN,
    FEEDBACK,
    FOREIGN_EXTENSION,
    GREEN,
    STATEMENT,
    Value,
    authored,
    observable,
    ref,
)
from tests.stix.reading import accepted, problems, refusal


def example(type_name: str) -> Value:
    known = [*DOMAIN_OBJECTS, *RELATIONSHIP_OBJECTS, *META_OBJECTS, *OBSERVABLES, *OUR_OBSERVABLES]
    return copy.deepcopy(next(each for each in known if each["type"] == type_name))


def changed(type_name: str, **properties: Any) -> Value:
    return {**example(type_name), **properties}


# --- Time ---


def test_an_object_cannot_be_modified_before_it_is_created() -> None:
    value = changed("tool", created="2026-01-02T00:00:00.000Z", modified="2026-01-01T00:00:00.000Z")
    assert refusal(value).pointer == "/modified"


def test_an_object_may_be_modified_when_it_is_created() -> None:
    accepted(
        changed("tool", created="2026-01-01T00:00:00.000Z", modified="2026-01-01T00:00:00.0000Z")
    )


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.00Z",
        "2026-01-01T00:00:00.1234567Z",
        "2026-02-30T00:00:00.000Z",
        "2026-01-01T00:00:00.000+00:00",
        "2026-01-01t00:00:00.000z",
        "2026-01-01 00:00:00.000Z",
        "2026-01-01T00:00:60.000Z",
        "2026-01-01T24:00:00.000Z",
        "0000-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00.000Z\n",
        "２026-01-01T00:00:00.000Z",
    ],
)
def test_a_version_has_a_real_time_in_the_form_of_the_specification(text: str) -> None:
    assert refusal(changed("tool", created=text)).pointer == "/created"


def test_other_times_may_have_any_number_of_digits() -> None:
    accepted(changed("campaign", first_seen="2026-01-01T00:00:00.1234567891Z"))


def test_an_indicator_ends_after_it_begins() -> None:
    value = changed(
        "indicator", valid_from="2026-01-01T00:00:00Z", valid_until="2026-01-01T00:00:00.0Z"
    )
    assert refusal(value).pointer == "/valid_until"


def test_order_is_told_beyond_the_microsecond() -> None:
    value = changed(
        "campaign",
        first_seen="2026-01-01T00:00:00.0000002Z",
        last_seen="2026-01-01T00:00:00.0000001Z",
    )
    assert refusal(value).pointer == "/last_seen"


@pytest.mark.parametrize(
    ("type_name", "first", "last"),
    [
        ("campaign", "first_seen", "last_seen"),
        ("sighting", "first_seen", "last_seen"),
        ("observed-data", "first_observed", "last_observed"),
        ("relationship", "start_time", "stop_time"),
        ("network-traffic", "start", "end"),
    ],
)
def test_what_ends_has_begun(type_name: str, first: str, last: str) -> None:
    times = {first: "2026-01-02T00:00:00Z", last: "2026-01-01T00:00:00Z"}
    assert f"/{last}" in {each.pointer for each in problems(changed(type_name, **times))}


# --- References ---


@pytest.mark.parametrize("kind", ["relationship", "sighting", "marking-definition", "bundle"])
@pytest.mark.parametrize("end", ["source_ref", "target_ref"])
def test_a_relationship_does_not_end_at(kind: str, end: str) -> None:
    assert refusal(changed("relationship", **{end: ref(kind)})).pointer == f"/{end}"


@pytest.mark.parametrize("kind", ["relationship", "ipv4-addr", "marking-definition", "sighting"])
def test_a_sighting_is_not_of(kind: str) -> None:
    assert refusal(changed("sighting", sighting_of_ref=ref(kind))).pointer == "/sighting_of_ref"


@pytest.mark.parametrize(
    ("type_name", "name", "kind"),
    [
        ("sighting", "observed_data_refs", "indicator"),
        ("sighting", "where_sighted_refs", "indicator"),
        ("tool", "object_marking_refs", "identity"),
        ("observed-data", "object_refs", "campaign"),
        ("malware", "sample_refs", "url"),
        ("file", "contains_refs", "campaign"),
    ],
)
def test_a_list_of_references_holds_the_right_types(type_name: str, name: str, kind: str) -> None:
    assert refusal(changed(type_name, **{name: [ref(kind)]})).pointer == f"/{name}/0"


def test_a_creator_is_an_identity() -> None:
    assert refusal(changed("tool", created_by_ref=ref("tool"))).pointer == "/created_by_ref"


def test_an_upper_case_id_is_refused() -> None:
    assert (
        refusal(changed("tool", id="tool--BE45F992-C008-44EF-8483-6C65E712C2C2")).pointer == "/id"
    )


def test_the_type_of_the_id_is_that_of_the_object() -> None:
    assert refusal(changed("tool", id=ref("malware"))).pointer == "/id"


def test_naming_an_organization_takes_a_claim() -> None:
    value = changed(
        "relationship", extensions={FOREIGN_EXTENSION: {"extension_type": "property-extension"}}
    )
    assert refusal(value).pointer == f"/extensions/{ATTRIBUTION_CLAIM}"


def test_naming_an_organization_without_any_extension_is_refused() -> None:
    value = example("relationship")
    del value["extensions"]
    assert "attribution-claim" in refusal(value).message


def test_attribution_to_an_actor_takes_no_claim() -> None:
    value = changed("relationship", source_ref=ref("campaign"), target_ref=ref("threat-actor"))
    del value["extensions"]
    accepted(value)


# --- Custom content ---


def test_a_custom_property_is_refused_with_the_cure() -> None:
    assert "extension-definition" in refusal(changed("tool", x_foo="bar")).message


def test_a_custom_type_is_refused_with_the_cure() -> None:
    value = authored("x-foo", name="bar")
    assert "extension_type new-sdo" in refusal(value).message


def test_properties_of_mitre_are_taken_as_they_are() -> None:
    accepted(changed("attack-pattern", x_mitre_platforms=["LLM"]))


def test_a_prefix_that_only_resembles_mitre_is_refused() -> None:
    assert refusal(changed("attack-pattern", x_mitred_platforms=["LLM"]))


def test_an_undated_object_of_mitre_is_taken() -> None:
    value = {"type": "x-mitre-collection", "spec_version": "2.1", "id": ref("x-mitre-collection")}
    assert accepted(value).version is None


def test_a_dated_object_of_mitre_is_modified_after_it_is_created() -> None:
    value = authored("x-mitre-matrix", modified="2020-01-01T00:00:00.000Z")
    assert refusal(value).pointer == "/modified"


def test_an_unknown_extension_is_kept() -> None:
    assert FOREIGN_EXTENSION.encode() in accepted(example("tool")).body


def test_an_extension_states_its_type() -> None:
    value = changed("tool", extensions={FOREIGN_EXTENSION: {"rank": 5}})
    assert refusal(value).pointer == f"/extensions/{FOREIGN_EXTENSION}/extension_type"


def test_an_extension_has_an_id_for_its_key() -> None:
    value = changed("tool", extensions={"x-foo-ext": {"a": 1}})
    assert refusal(value).pointer == "/extensions/x-foo-ext"


def test_a_predefined_extension_stands_on_its_type_only() -> None:
    value = observable("mutex", {"name": "m"}, extensions={"pdf-ext": {"version": "1.7"}})
    assert refusal(value).pointer == "/extensions/pdf-ext"


def test_a_new_type_needs_no_registration() -> None:
    value = authored(
        "reseller", tier=3, extensions={FOREIGN_EXTENSION: {"extension_type": "new-sdo"}}
    )
    assert accepted(value).type == "reseller"


def test_a_new_domain_object_is_dated() -> None:
    value = authored("reseller", extensions={FOREIGN_EXTENSION: {"extension_type": "new-sdo"}})
    del value["created"]
    assert refusal(value).pointer == "/created"


def test_a_new_observable_is_not_dated() -> None:
    value = observable("batch", None, extensions={FOREIGN_EXTENSION: {"extension_type": "new-sco"}})
    assert accepted(value).created is None


@pytest.mark.parametrize("name", ["Upper", "ab", "1st", "a" * 251, "severity"])
def test_a_toplevel_extension_names_its_properties_as_stix_does(name: str) -> None:
    extensions = {FOREIGN_EXTENSION: {"extension_type": "toplevel-property-extension"}}
    assert refusal(changed("tool", extensions=extensions, **{name: 5})).pointer == f"/{name}"


# --- Our extensions ---


def test_our_extension_stands_on_the_types_it_extends_only() -> None:
    extensions = {FEEDBACK: {"extension_type": "property-extension", "reaction": "helpful"}}
    assert "extends opinion" in refusal(changed("tool", extensions=extensions)).message


def test_our_extension_matches_its_schema() -> None:
    value = example("opinion")
    value["extensions"][FEEDBACK]["reaction"] = "meh"
    assert refusal(value).pointer == f"/extensions/{FEEDBACK}/reaction"


def test_our_extension_has_no_other_property() -> None:
    value = example("campaign")
    value["extensions"][DISTILLATION_CAMPAIGN]["surprise"] = 1
    assert refusal(value).pointer == f"/extensions/{DISTILLATION_CAMPAIGN}/surprise"


def test_times_in_our_extensions_are_those_of_stix() -> None:
    value = changed("ai-traffic-aggregate", window_start="2026-02-17T00:00:00+00:00")
    assert refusal(value).pointer == "/window_start"


def test_a_token_of_another_form_is_refused() -> None:
    assert refusal(changed("identifier-token", value="desk@forum.example")).pointer == "/value"


def test_our_observables_have_no_other_property() -> None:
    assert refusal(changed("identifier-token", raw="x")).pointer == "/raw"


# --- Markings ---


def test_a_tlp_marking_equals_the_published_one() -> None:
    value = next(copy.deepcopy(each) for each in META_OBJECTS if each["id"] == GREEN)
    value["name"] = "TLP:CLEAR"
    assert "published" in refusal(value).message


def test_tlp_cannot_be_defined_under_another_id() -> None:
    value = next(copy.deepcopy(each) for each in META_OBJECTS if each["id"] == GREEN)
    value["id"] = ref("marking-definition", 9)
    assert refusal(value).pointer == "/id"


def test_a_marking_is_not_versioned() -> None:
    assert refusal(changed("marking-definition", modified="2026-11-20T09:00:00.000Z"))


def test_a_marking_does_not_mark_itself() -> None:
    value = changed("marking-definition", object_marking_refs=[STATEMENT])
    assert refusal(value).pointer == "/object_marking_refs/0"


def test_a_marking_without_definition_or_extension_is_refused() -> None:
    value = example("marking-definition")
    del value["definition"], value["definition_type"]
    assert refusal(value).pointer == "/definition"


@pytest.mark.parametrize(
    "selector", ["name.[0]", "labels.[1]", "nothing", "description.text", "labels"]
)
def test_a_selector_selects_something(selector: str) -> None:
    marking = {"marking_ref": STATEMENT, "selectors": [selector]}
    value = changed("identity", granular_markings=[marking])
    found = problems(value)
    assert [each.pointer for each in found] == (
        [] if selector == "labels" else ["/granular_markings/0/selectors/0"]
    )


def test_a_granular_marking_may_state_a_language() -> None:
    accepted(changed("identity", granular_markings=[{"lang": "fr", "selectors": ["name"]}]))


def test_a_granular_marking_states_one_thing() -> None:
    marking = {"lang": "fr", "marking_ref": STATEMENT, "selectors": ["name"]}
    assert (
        refusal(changed("identity", granular_markings=[marking])).pointer == "/granular_markings/0"
    )


# --- Values ---


@pytest.mark.parametrize("confidence", [-1, 101, 50.5, "50", True, None])
def test_confidence_is_a_whole_number_up_to_100(confidence: Any) -> None:
    assert refusal(changed("tool", confidence=confidence)).pointer == "/confidence"


def test_an_empty_list_is_refused() -> None:
    assert refusal(changed("tool", labels=[])).pointer == "/labels"


@pytest.mark.parametrize("name", ["sha256", "SHA1", "md5", "Sha-512"])
def test_a_hash_algorithm_has_one_spelling(name: str) -> None:
    value = observable("file", None, name="x", hashes={name: "a" * 64})
    assert refusal(value).pointer == f"/hashes/{name}"


def test_a_foreign_hash_algorithm_is_taken() -> None:
    accepted(observable("file", None, name="x", hashes={"imphash2": "abc"}))


def test_a_location_has_a_place() -> None:
    value = authored("location", name="Nowhere")
    assert "region" in refusal(value).message


def test_a_latitude_has_a_longitude() -> None:
    assert refusal(authored("location", latitude=1.5)).pointer == "/longitude"


def test_a_family_has_a_name() -> None:
    assert refusal(authored("malware", is_family=True)).pointer == "/name"


def test_observed_data_holds_observables_or_refers_to_them() -> None:
    value = changed("observed-data", objects={"0": OBSERVABLES[0]})
    assert refusal(value).pointer == "/objects"


def test_observables_inside_observed_data_are_checked() -> None:
    value = changed("observed-data", objects={"0": {**OBSERVABLES[2], "number": "x"}})
    del value["object_refs"]
    assert refusal(value).pointer == "/objects/0/number"


def test_observed_data_holds_nothing_but_observables() -> None:
    value = changed("observed-data", objects={"0": example("tool")})
    del value["object_refs"]
    assert refusal(value).pointer == "/objects/0/type"


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("ipv4-addr", "256.1.1.1"),
        ("ipv4-addr", "1.2.3.04"),
        ("ipv4-addr", "1.2.3.4/33"),
        ("ipv6-addr", "fe80::1%eth0"),
        ("ipv6-addr", "1::2::3"),
        ("mac-addr", "D2:FB:49:24:37:18"),
        ("domain-name", "-x.example"),
        ("email-addr", "Desk <desk@forum.example>"),
        ("url", "not a url"),
    ],
)
def test_an_address_has_its_form(type_name: str, text: str) -> None:
    value = {"type": type_name, "id": ref(type_name), "value": text}
    assert refusal(value).pointer == "/value"


def test_a_reference_has_substance() -> None:
    value = changed("tool", external_references=[{"source_name": "nothing"}])
    assert refusal(value).pointer == "/external_references/0"


@pytest.mark.parametrize(
    "reference",
    [
        {"source_name": "cve", "external_id": "2026-1"},
        {"source_name": "cve", "description": "x"},
        {"source_name": "blog", "external_id": "CVE-2026-0001"},
        {"source_name": "capec", "external_id": "163"},
    ],
)
def test_cve_and_capec_go_with_their_ids(reference: Value) -> None:
    value = changed("tool", external_references=[reference])
    assert refusal(value).pointer == "/external_references/0/external_id"


def test_an_extension_definition_names_its_author() -> None:
    value = example("extension-definition")
    del value["created_by_ref"]
    assert refusal(value).pointer == "/created_by_ref"


def test_a_member_is_named_by_its_identity() -> None:
    assert accepted(changed("identity", id=CREATOR)).id == CREATOR
