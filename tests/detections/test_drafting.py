"""A cluster's objects, and how they follow what its detector says."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from indicators.detections.drafts.drafting import (
    ClusterState,
    Content,
    Drafted,
    DraftRefused,
    draft,
    wanted_ids,
)
from indicators.stix import Tlp
from tests.detections.clusters import (
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

HOUR = timedelta(hours=1)
LATER = terms(now=NOW + HOUR)


def again(
    told: ClusterState, held: Mapping[str, Content], *, hours: int = 1, **changes: object
) -> Drafted:
    """A draft some hours after the first."""
    return draft(told, terms(now=NOW + hours * HOUR, **changes), held)


def changes(result: Drafted) -> dict[str, str]:
    """What happens to what, by role."""
    return {each.role: each.change for each in result.preview.goes}


# --- The first draft ---


def test_a_cluster_becomes_a_campaign_that_uses_an_account_network() -> None:
    first = drafted()
    uses = [each for each in by_type(first, "relationship") if each["relationship_type"] == "uses"]
    network = (only(first, "campaign")["id"], only(first, "infrastructure")["id"])
    assert network in [(each["source_ref"], each["target_ref"]) for each in uses]


def test_every_part_becomes_an_indicator_of_the_network() -> None:
    first = drafted(part("email"), part("phone"))
    indicators = {each["id"] for each in by_type(first, "indicator")}
    network = only(first, "infrastructure")["id"]
    indicates = [
        (each["source_ref"], each["target_ref"])
        for each in by_type(first, "relationship")
        if each["relationship_type"] == "indicates"
    ]
    assert sorted(indicates) == sorted((each, network) for each in indicators)


def test_no_reference_points_forward() -> None:
    first = drafted(part("email"), part("phone"))
    seen = {"attack-pattern--3f567912-629a-5e0b-ab0c-0102977c2d6c"}
    for _, content in first.objects:
        refs = [content.get("source_ref"), content.get("target_ref")]
        assert {*refs, *content.get("object_refs", [])} - {None} <= seen
        seen.add(content["id"])


def test_two_clusters_have_no_object_in_common() -> None:
    one, other = (draft(state(None, part(), token=each), terms(), {}) for each in ("one", "other"))
    assert not published(one).keys() & published(other).keys()


def test_two_nodes_give_one_cluster_different_ids() -> None:
    one, other = (draft(state(None, part()), terms(id_key=each * 32), {}) for each in (b"a", b"b"))
    assert not published(one).keys() & published(other).keys()


def test_times_are_written_in_milliseconds() -> None:
    exactly = terms(now=NOW + timedelta(microseconds=123_456))
    campaign = only(draft(state(), exactly, {}), "campaign")
    assert campaign["modified"] == campaign["created"] == "2026-03-01T12:00:00.123Z"


# --- Versions ---


def test_what_says_nothing_new_is_left_out() -> None:
    parts = part(is_new=False)
    held = published(drafted(parts))
    assert again(state(None, parts), held).objects == []


def test_what_changed_is_a_new_version_of_the_same_object() -> None:
    first = drafted()
    second = again(state(facts(confidence=90)), published(first))
    assert only(second, "campaign")["id"] == only(first, "campaign")["id"]


def test_a_new_version_keeps_when_it_was_created() -> None:
    second = again(state(facts(confidence=90)), published(drafted()))
    campaign = only(second, "campaign")
    assert (campaign["created"], campaign["modified"]) == (
        "2026-03-01T12:00:00.000Z",
        "2026-03-01T13:00:00.000Z",
    )


def test_a_new_version_is_later_even_if_the_clock_stepped_back() -> None:
    second = again(state(facts(confidence=90)), published(drafted()), hours=-1)
    assert only(second, "campaign")["modified"] == "2026-03-01T12:00:00.001Z"


def test_only_what_a_change_concerns_changes() -> None:
    second = again(state(facts(capability_targets=["coding"])), published(drafted()))
    assert changes(second) == {"campaign": "changed"}


def test_a_part_that_grew_is_a_new_version_of_its_indicator() -> None:
    first = drafted(part(size=3))
    second = again(state(None, part(size=4, is_new=False)), published(first))
    assert changes(second) == {"part/email/abcdefgh/1": "changed"}


def test_a_new_trace_prolongs_an_indicator() -> None:
    parts = part(is_new=False)
    cluster = {"key": "k", "last_seen": "2026-03-01T12:30:00Z"}
    second = again(state(facts(cluster=cluster), parts), published(drafted(parts)))
    assert only(second, "indicator")["valid_until"] == "2026-05-30T12:30:00.000Z"


def test_another_marking_is_a_new_version_of_everything() -> None:
    parts = part(is_new=False)
    held = published(drafted(parts))
    result = again(state(None, parts), held, tlp=Tlp.AMBER)
    assert {each["id"] for _, each in result.objects} >= {
        each for each in held if not each.startswith("ai-traffic")
    }


def test_the_third_draft_is_compared_with_the_second() -> None:
    first = drafted()
    told = state(facts(confidence=90))
    held = published(first, again(told, published(first)))
    assert again(told, held, hours=2).objects == []


# --- What is gone ---


def test_an_emptied_part_is_revoked_with_its_relationship() -> None:
    first = drafted(part())
    second = again(state(None, part(size=0, is_new=False)), published(first))
    assert [each.change for each in second.preview.goes] == ["revoked", "revoked"]


def test_an_emptied_part_that_was_never_published_leaves_nothing() -> None:
    assert again(state(None, part(size=0)), published(drafted())).objects == []


def test_a_revocation_repeats_what_it_revokes() -> None:
    first = drafted(part())
    second = again(state(None, part(size=0, is_new=False)), published(first))
    revoked = only(second, "indicator")
    assert revoked == {
        **only(first, "indicator"),
        "modified": "2026-03-01T13:00:00.000Z",
        "revoked": True,
    }


def test_tokens_in_a_revoked_part_are_refused() -> None:
    held = published(drafted(part()))
    emptied = published(again(state(None, part(size=0, is_new=False)), held))
    with pytest.raises(DraftRefused, match="new part"):
        again(state(None, part(is_new=False)), {**held, **emptied}, hours=2)


def test_a_window_that_is_no_longer_stated_is_revoked() -> None:
    second = again(state(facts(windows=[])), published(drafted()))
    assert changes(second)["observed-data"] == "revoked"


def test_a_window_that_has_too_few_accounts_now_is_revoked() -> None:
    second = again(state(facts(windows=[window(account_count=9)])), published(drafted()))
    assert changes(second) == {"observed-data": "revoked"}


def test_a_window_that_is_stated_again_after_its_revocation_is_observed_anew() -> None:
    first = drafted()
    gone = published(first, again(state(facts(windows=[])), published(first)))
    third = again(state(), gone, hours=2)
    assert only(third, "observed-data")["id"] != only(first, "observed-data")["id"]


def test_a_window_that_is_taken_back_too_often_stays_revoked() -> None:
    held: dict[str, Content] = {}
    for hour in range(3):
        held |= published(again(state(), held, hours=2 * hour))
        held |= published(again(state(facts(windows=[])), held, hours=2 * hour + 1))
    last = again(state(), held, hours=9)
    assert not by_type(last, "observed-data")
    assert "windows" in [each.field for each in last.preview.withheld]


def test_a_closed_cluster_takes_everything_back() -> None:
    held = published(drafted(part()))
    closed = again(state(None, is_open=False), held)
    versioned = {each for each in held if not each.startswith("ai-traffic")}
    assert {each["id"] for _, each in closed.objects} == versioned
    assert all(each["revoked"] for _, each in closed.objects)


def test_what_was_revoked_before_is_not_revoked_again() -> None:
    held = published(drafted(part()))
    closed = state(None, is_open=False)
    assert again(closed, {**held, **published(again(closed, held))}, hours=2).objects == []


def test_a_closed_cluster_cannot_be_drafted_under_its_old_ids() -> None:
    held = published(drafted())
    revoked = published(again(state(None, is_open=False), held))
    with pytest.raises(DraftRefused, match="incarnation"):
        again(state(), {**held, **revoked}, hours=2)


def closed_after(first: Drafted) -> dict[str, Content]:
    """What the feed holds after a cluster was published and closed."""
    held = published(first)
    return held | published(again(state(None, is_open=False), held))


def test_a_cluster_that_is_opened_again_has_new_objects() -> None:
    first = drafted(part())
    again_open = draft(state(None, part(), incarnation=2), LATER, closed_after(first))
    versioned = {each for each in published(again_open) if not each.startswith("ai-traffic")}
    assert versioned
    assert not versioned & published(first).keys()


def test_what_was_observed_is_the_same_when_a_cluster_is_opened_again() -> None:
    first = drafted()
    again_open = draft(state(None, incarnation=2), LATER, closed_after(first))
    assert not by_type(again_open, "ai-traffic-aggregate")
    assert only(again_open, "observed-data")["object_refs"] == [
        only(first, "ai-traffic-aggregate")["id"]
    ]


# --- Observables say one thing for ever ---


def test_other_numbers_of_a_window_are_another_observable() -> None:
    first = drafted()
    second = again(state(facts(windows=[window(request_count=7)])), published(first))
    assert only(second, "ai-traffic-aggregate")["id"] != only(first, "ai-traffic-aggregate")["id"]
    assert only(second, "observed-data")["object_refs"] == [
        only(second, "ai-traffic-aggregate")["id"]
    ]


def test_a_window_that_says_again_what_it_said_first_needs_no_new_observable() -> None:
    first = drafted()
    second = again(state(facts(windows=[window(request_count=7)])), published(first))
    third = again(state(), published(first, second), hours=2)
    assert not by_type(third, "ai-traffic-aggregate")
    assert only(third, "observed-data")["object_refs"] == [
        only(first, "ai-traffic-aggregate")["id"]
    ]


def test_windows_of_one_cluster_are_known_as_such() -> None:
    two = drafted(windows=[window(), window(seconds=3600)])
    keys = {each["cluster_key"] for each in by_type(two, "ai-traffic-aggregate")}
    assert len(keys) == 1


# --- What is asked for ---


def test_everything_that_may_be_published_is_asked_for() -> None:
    parts = part(is_new=False)
    assert wanted_ids(state(None, parts), terms()) >= published(drafted(parts)).keys()


def test_a_new_part_is_not_asked_for() -> None:
    asked = wanted_ids(state(None, part(is_new=True)), terms())
    assert not [each for each in asked if each.startswith("indicator")]


def test_a_window_that_is_withheld_now_is_asked_for() -> None:
    small = state(facts(windows=[window(account_count=9)]))
    assert only(drafted(), "observed-data")["id"] in wanted_ids(small, terms())


def test_an_observable_that_says_something_else_is_asked_for() -> None:
    told = state(facts(windows=[window(request_count=7)]))
    second = again(told, published(drafted()))
    assert only(second, "ai-traffic-aggregate")["id"] in wanted_ids(told, LATER)
