"""The objects themselves, before two oracles and the numbers they must tell."""

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stix2matcher.matcher import match

from federation.canonical import canonical
from indicators.detections.drafts.drafting import Content, draft
from indicators.detections.drafts.objects import EXTENSIONS, EXTRACT_AI_MODEL, GENERATED_NAME
from indicators.stix import Tlp
from tests.detections.clusters import (
    ALDER,
    NOW,
    by_type,
    drafted,
    facts,
    only,
    part,
    published,
    state,
    terms,
    window,
)
from tests.objects import TLP_AMBER_STRICT
from tests.stix.oracles import objections
from tests.stix.reading import parsed

ATLAS = Path(__file__).parent.parent / "vectors" / "stix" / "atlas.json"
EVERYTHING = drafted(part("email", 500), part("prompt-band", 16), part("device", 1))
LITTLE = draft(
    state(facts(coordination=None, windows=[], pivots=None, cluster={"key": "k"}), part(size=1)),
    terms(),
    {},
)
CLOSED = draft(state(None, is_open=False), terms(), published(EVERYTHING))

# stix2 takes references to types that it has registered only; the type is our extension's.
_OWN_TYPE = re.compile("type-specifying prefix 'ai-traffic-aggregate'")


def evidence(content: Content, extension: str) -> dict[str, Any]:
    found: dict[str, Any] = content["extensions"][EXTENSIONS[extension]]
    return found


@pytest.fixture(autouse=True)
def _oracles_may_warn() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("drafts", [EVERYTHING, LITTLE, CLOSED], ids=["all", "little", "closed"])
def test_what_is_drafted_is_valid_for_us(drafts: Any) -> None:
    assert parsed(*[content for _, content in drafts.objects]).problems == []


@pytest.mark.parametrize("drafts", [EVERYTHING, LITTLE, CLOSED], ids=["all", "little", "closed"])
def test_what_is_drafted_is_valid_for_everyone(drafts: Any) -> None:
    found = [each for _, content in drafts.objects for each in objections(content)]
    assert [each for each in found if not _OWN_TYPE.search(each)] == []


def test_what_is_drafted_comes_back_from_canonical_bytes_as_it_was() -> None:
    for _, content in EVERYTHING.objects:
        assert json.loads(canonical(content)) == content


def test_whatever_has_an_author_names_the_node() -> None:
    authors = {
        content.get("created_by_ref")
        for _, content in EVERYTHING.objects
        if content["type"] != "ai-traffic-aggregate"
    }
    assert authors == {ALDER}


def test_everything_carries_the_marking() -> None:
    strict = draft(state(None, part()), terms(tlp=Tlp.AMBER_STRICT), {})
    for _, content in strict.objects:
        assert content["object_marking_refs"] == [TLP_AMBER_STRICT]


def test_confidence_is_the_detectors() -> None:
    assert only(EVERYTHING, "campaign")["confidence"] == 82


def test_without_a_stated_confidence_there_is_none() -> None:
    assert "confidence" not in only(drafted(confidence=None), "campaign")


def test_names_are_made_by_us() -> None:
    named = [content["name"] for _, content in EVERYTHING.objects if "name" in content]
    assert named
    assert all(GENERATED_NAME.fullmatch(each) for each in named)


# --- Campaign and infrastructure ---


def test_a_campaign_is_alleged() -> None:
    campaign = only(EVERYTHING, "campaign")
    assert evidence(campaign, "distillation-campaign")["allegation_status"] == "alleged"


def test_counts_keep_their_qualifiers_and_lose_their_words() -> None:
    told = evidence(only(EVERYTHING, "campaign"), "distillation-campaign")
    assert told["account_count"] == {"value": 312, "qualifier": "ge"}


def test_accounts_that_were_sent_are_counted_where_no_size_is_stated() -> None:
    told = evidence(only(LITTLE, "campaign"), "distillation-campaign")
    assert told["account_count"] == {"value": 312, "qualifier": "approx"}


def test_a_pivot_tells_how_soon_and_how_much() -> None:
    told = evidence(only(EVERYTHING, "campaign"), "distillation-campaign")
    assert told["pivot_events"] == [
        {
            "trigger": "target-model-release",
            "trigger_time": "2026-02-26T06:30:00.000Z",
            "latency_hours": {"value": 17.5, "qualifier": "exact"},
            "traffic_share_redirected": {"value": 0.5, "qualifier": "exact"},
            "to_model": "leaf-4.5",
        }
    ]


def test_the_network_is_labelled_as_fraudulent_accounts() -> None:
    assert only(EVERYTHING, "infrastructure")["labels"] == ["fraudulent-account-network"]


def test_evidence_names_the_detector_and_the_version_that_found_it() -> None:
    told = evidence(only(EVERYTHING, "infrastructure"), "coordination-evidence")
    assert told["detector"] == {"name": "hydra-finder", "version": "0.1"}


def test_a_version_that_no_finding_states_is_the_registered_one() -> None:
    registered = terms(detector_version="2.0")
    network = only(draft(state(facts(detector_version=None)), registered, {}), "infrastructure")
    assert evidence(network, "coordination-evidence")["detector"]["version"] == "2.0"


def test_without_a_method_there_is_no_evidence_to_describe() -> None:
    assert "extensions" not in only(LITTLE, "infrastructure")


def test_a_time_that_ends_before_it_starts_has_no_end() -> None:
    odd = {"key": "k", "first_seen": "2026-02-02T00:00:00Z", "last_seen": "2026-02-01T00:00:00Z"}
    campaign = only(drafted(cluster=odd), "campaign")
    assert ("first_seen" in campaign, "last_seen" in campaign) == (True, False)


def test_the_technique_is_the_one_of_atlas() -> None:
    listed = json.loads(ATLAS.read_text())["objects"]
    (technique,) = [each for each in listed if each["id"] == EXTRACT_AI_MODEL]
    assert technique["external_references"][0]["external_id"] == "AML.T0024.002"


# --- Traffic ---


def test_an_observation_spans_its_window() -> None:
    observed = only(EVERYTHING, "observed-data")
    assert (observed["first_observed"], observed["last_observed"]) == (
        "2026-02-27T00:00:00.000Z",
        "2026-02-28T00:00:00.000Z",
    )


def test_an_observation_counts_requests() -> None:
    assert only(EVERYTHING, "observed-data")["number_observed"] == 61240


def test_whole_ratios_are_written_as_canonical_json_writes_them() -> None:
    assert type(only(EVERYTHING, "ai-traffic-aggregate")["synchrony_score"]) is int


def test_a_measure_that_is_not_stated_is_absent() -> None:
    assert "output_token_total" not in only(EVERYTHING, "ai-traffic-aggregate")


def test_two_lengths_from_one_start_are_two_observations() -> None:
    two = drafted(windows=[window(), window(seconds=3600)])
    assert len({each["id"] for each in by_type(two, "observed-data")}) == 2


# --- Indicators ---


def observing(token: str) -> dict[str, Any]:
    """A bundle in which the token was seen."""
    stamped = "2026-03-01T00:00:00.000Z"
    return {
        "type": "bundle",
        "id": "bundle--6d2b6c9e-6a3c-4a49-a3ee-2b8a5e7ad6ad",
        "objects": [
            {
                "type": "observed-data",
                "spec_version": "2.1",
                "id": "observed-data--76aa1d6f-b6b9-42fb-b044-ca84c8e371b0",
                "created": stamped,
                "modified": stamped,
                "first_observed": stamped,
                "last_observed": stamped,
                "number_observed": 1,
                "object_refs": ["identifier-token--76aa1d6f-b6b9-52fb-b044-ca84c8e371b0"],
            },
            {
                "type": "identifier-token",
                "spec_version": "2.1",
                "id": "identifier-token--76aa1d6f-b6b9-52fb-b044-ca84c8e371b0",
                "kind": "email",
                "value": token,
            },
        ],
    }


def test_a_pattern_matches_each_of_its_own_tokens() -> None:
    tokens = part("email", 20).tokens
    pattern = only(drafted(part("email", 20)), "indicator")["pattern"]
    assert all(match(pattern, [observing(each)], stix_version="2.1") for each in tokens)


def test_a_pattern_matches_no_other_token() -> None:
    pattern = only(drafted(part("email", 20)), "indicator")["pattern"]
    other = part("email", 1, number=2).tokens[0]
    assert not match(pattern, [observing(other)], stix_version="2.1")


def test_the_order_of_tokens_changes_nothing() -> None:
    one = part("email", 3)
    turned = type(one)(one.kind, one.key_id, one.number, one.tokens[::-1], one.is_new)
    assert only(drafted(one), "indicator") == only(drafted(turned), "indicator")


def test_an_indicator_says_how_it_is_matched_and_aged() -> None:
    assert evidence(only(drafted(part("email", 3)), "indicator"), "token-indicator") == {
        "extension_type": "property-extension",
        "match_semantics": "exact",
        "kinds": ["email"],
        "token_count": 3,
        "part": 1,
        "basis": "first-party",
        "decay": {"model": "polynomial", "lifetime_days": 90},
    }


def test_bands_of_prompts_are_candidates_only() -> None:
    told = evidence(only(drafted(part("prompt-band", 16)), "indicator"), "token-indicator")
    assert (told["match_semantics"], told["min_matches"]) == ("candidate", 2)


def test_a_single_band_can_be_matched() -> None:
    told = evidence(only(drafted(part("prompt-band", 1)), "indicator"), "token-indicator")
    assert told["min_matches"] == 1


def test_an_indicator_is_valid_for_its_lifetime() -> None:
    made = only(draft(state(None, part()), terms(now=NOW, lifetime_days=30), {}), "indicator")
    assert (made["valid_from"], made["valid_until"]) == (
        "2026-03-01T12:00:00.000Z",
        "2026-03-31T12:00:00.000Z",
    )
