"""What findings of one cluster say together."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.detections.drafts.facts import ClusterFacts, absorb
from tests.detections.clusters import facts, finding, window


def test_nothing_is_known_of_a_cluster_without_findings() -> None:
    assert absorb(None, []) == ClusterFacts()


def test_the_newest_number_wins() -> None:
    both = absorb(None, [finding(confidence=20), finding(confidence=90)])
    assert both.confidence == 90


def test_a_number_that_a_later_finding_does_not_state_stays() -> None:
    both = absorb(facts(confidence=20), [finding(confidence=None)])
    assert both.confidence == 20


def test_a_confidence_of_nothing_is_a_statement() -> None:
    assert absorb(facts(confidence=20), [finding(confidence=0)]).confidence == 0


def test_terms_are_united_and_in_order() -> None:
    both = absorb(facts(capability_targets=["reasoning"]), [finding(capability_targets=["coding"])])
    assert both.capability_targets == ("coding", "reasoning")


def test_the_time_of_a_cluster_widens() -> None:
    early = {"key": "k", "first_seen": "2026-01-01T00:00:00Z", "last_seen": "2026-01-02T00:00:00Z"}
    both = absorb(facts(), [finding(cluster=early)])
    assert (both.first_seen, both.last_seen) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 2, 28, tzinfo=UTC),
    )


def test_a_window_that_is_stated_again_is_replaced() -> None:
    both = absorb(facts(), [finding(windows=[window(request_count=7)])])
    assert [each.request_count for each in both.windows] == [7]


def test_a_window_of_another_length_is_another() -> None:
    both = absorb(facts(), [finding(windows=[window(seconds=3600)])])
    assert [each.seconds for each in both.windows] == [3600, 86400]


def test_windows_that_stix_would_write_alike_are_one() -> None:
    starts = ["2026-02-27T00:00:00.0001Z", "2026-02-27T01:00:00.0009+01:00"]
    assert len(facts(windows=[window(start=start) for start in starts]).windows) == 1


def test_a_time_at_the_end_of_the_calendar_is_read() -> None:
    odd = {"key": "k", "first_seen": "0001-01-01T00:00:00+14:00"}
    assert facts(cluster=odd).first_seen == datetime(1, 1, 1, tzinfo=UTC)


def test_shared_attributes_of_one_kind_are_replaced() -> None:
    shared = [{"kind": "payment-instrument", "distinct_values": 9, "accounts_covered": 300}]
    evidence = {"method": "synchrony-graph", "shared_attributes": shared}
    both = absorb(facts(), [finding(coordination=evidence)])
    assert both.coordination is not None
    assert [each.distinct_values for each in both.coordination.shared_attributes] == [9]


def test_traits_are_united() -> None:
    evidence = {"method": "synchrony-graph", "traits": ["identical-patterns"]}
    both = absorb(facts(), [finding(coordination=evidence)])
    assert both.coordination is not None
    assert "load-balancing" in both.coordination.traits


def test_the_strictest_wish_for_a_marking_holds() -> None:
    wishes = [finding(sharing={"tlp": "amber"}), finding(sharing={"tlp": "green"})]
    assert absorb(None, wishes).tlp == "amber"


def test_facts_hold_nothing_that_a_person_wrote() -> None:
    held = msgspec.json.encode(facts())
    for text in (b"Wei Chen", b"ana@example.org", b"hundreds", b"hydra-1", b"HC-0001"):
        assert text not in held


def test_facts_hold_nothing_of_an_account() -> None:
    account = {
        "ref": "acct-77",
        "person_names": ["Ana Birch"],
        "identifiers": [{"kind": "email", "value": "ana@example.org"}],
    }
    assert facts(accounts=[account]) == facts()


def test_what_was_left_out_is_named() -> None:
    assert facts().withheld == ("title", "description", "cluster.size.as_reported")


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.integers(0, 3), max_size=4))
def test_absorbing_one_by_one_is_absorbing_all(numbers: list[int]) -> None:
    findings = [
        finding(
            confidence=number,
            windows=[window(seconds=60 + number)],
            capability_targets=[f"t{number}"],
        )
        for number in numbers
    ]
    step_by_step: ClusterFacts | None = None
    for each in findings:
        step_by_step = absorb(step_by_step, [each])
    assert (step_by_step or ClusterFacts()) == absorb(None, findings)


def test_facts_come_back_from_their_bytes() -> None:
    assert msgspec.json.decode(msgspec.json.encode(facts()), type=ClusterFacts) == facts()
