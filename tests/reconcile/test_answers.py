"""Answers: the newest word of each organization on an object, and what it does to whom it is on."""

from collections.abc import Mapping
from typing import Any

import pytest

from federation.canonical import canonical
from indicators.detections.drafts.objects import EXTENSIONS
from indicators.models import Answer, Cluster, Detector
from indicators.reconcile import answers, joint
from indicators.store.sql import open_cursor
from tests.objects import id_of, moment, stamp
from tests.reconcile.claims import (
    claim,
    cluster,
    connect,
    indicator_id,
    member,
    network_id,
    publish,
    seat,
)

pytestmark = pytest.mark.django_db

NOW = moment(3600)


def sighting(target: str, *, version: int = 0, key: str = "s", **changes: Any) -> dict[str, Any]:
    return {
        "type": "sighting",
        "id": id_of("sighting", key),
        "modified": stamp(moment(version)),
        "sighting_of_ref": target,
        **changes,
    }


def opinion(*targets: str, version: int = 0, key: str = "o", **changes: Any) -> dict[str, Any]:
    return {
        "type": "opinion",
        "id": id_of("opinion", key),
        "modified": stamp(moment(version)),
        "opinion": "disagree",
        "object_refs": list(targets),
        **changes,
    }


def feedback(**told: Any) -> dict[str, Any]:
    return {"extensions": {EXTENSIONS["feedback"]: told}}


def take(origin: str, *contents: Mapping[str, Any]) -> set[str]:
    said_by = member(origin).pk
    objects = []
    for each in contents:
        version = moment(0).fromisoformat(each["modified"])
        objects.append((each["id"], version, canonical(dict(each)), said_by))
    with open_cursor() as cursor:
        answered = answers.take(cursor, objects, NOW)
        joint.connect(cursor, (), (), (), NOW, answered)
    return answered


@pytest.fixture
def own(db: None) -> Cluster:
    """A published cluster of this node, with indicators "own" and "other"."""
    made = cluster()
    publish(made, "own", [1])
    publish(made, "other", [2])
    return made


OWN, OTHER = indicator_id("own"), indicator_id("other")


def record() -> tuple[int, int]:
    """How often the detector was confirmed and disputed by others."""
    detector = Detector.objects.get()
    return detector.peer_confirmed_count, detector.peer_disputed_count


def test_a_sighting_is_kept_with_what_it_is_on() -> None:
    take("Birch", sighting("indicator--x", count=42, confidence=70, last_seen=stamp(moment(-60))))
    answer = Answer.objects.get()
    assert (answer.kind, answer.target, answer.count) == ("sighting", "indicator--x", 42)
    assert (answer.confidence, answer.said_at, answer.cluster) == (70, moment(-60), None)


def test_an_opinion_is_kept_with_what_it_counts() -> None:
    told = feedback(reaction="non-malicious", false_positive_count=3, matched_account_count=9)
    take("Birch", opinion("indicator--x", opinion="strongly-disagree", **told))
    answer = Answer.objects.get()
    assert (answer.stance, answer.reaction) == (-2, "non-malicious")
    assert (answer.false_positive_count, answer.matched_account_count) == (3, 9)


def test_an_opinion_may_be_on_several_objects() -> None:
    assert take("Birch", opinion("indicator--x", "indicator--y")) == {
        "indicator--x",
        "indicator--y",
    }
    assert Answer.objects.count() == 2


def test_other_objects_are_no_answers() -> None:
    note = {"type": "note", "id": id_of("note"), "modified": stamp(moment(0))}
    assert take("Birch", note) == set()


def test_a_later_version_replaces_the_earlier() -> None:
    take("Birch", opinion("indicator--x"))
    touched = take("Birch", opinion("indicator--y", version=1))
    assert touched == {"indicator--x", "indicator--y"}
    assert [each.target for each in Answer.objects.all()] == ["indicator--y"]


def test_an_earlier_version_that_comes_late_changes_nothing() -> None:
    take("Birch", sighting("indicator--x", version=1, count=2))
    take("Birch", sighting("indicator--x", count=1))
    assert Answer.objects.get().count == 2


def test_of_two_versions_in_a_batch_the_later_counts() -> None:
    late, early = sighting("indicator--x", version=1, count=2), sighting("indicator--x", count=1)
    take("Birch", late, early)
    assert Answer.objects.get().count == 2


def test_what_is_dated_ahead_was_said_now() -> None:
    take("Birch", sighting("indicator--x", version=99_999))
    assert Answer.objects.get().said_at == NOW


def test_a_sighting_of_an_own_object_confirms_its_detector(own: Cluster) -> None:
    take("Birch", sighting(OWN))
    assert Answer.objects.get().cluster == own
    assert record() == (1, 0)


def test_an_organization_confirms_a_cluster_once(own: Cluster) -> None:
    take("Birch", sighting(OWN), sighting(OTHER, key="s2"))
    take("Birch", sighting(network_id(f"{own.pk}/1"), key="s3"))
    assert record() == (1, 0)


def test_two_organizations_confirm_twice(own: Cluster) -> None:
    take("Birch", sighting(OWN))
    take("Cedar", sighting(OWN, key="cedar's"))
    assert record() == (2, 0)


def test_who_disputes_does_not_confirm(own: Cluster) -> None:
    take("Birch", sighting(OWN))
    take("Birch", opinion(OTHER))
    assert record() == (0, 1)


def test_an_answer_that_is_taken_back_counts_no_longer(own: Cluster) -> None:
    take("Birch", sighting(OWN))
    take("Birch", sighting(OWN, version=1, revoked=True))
    assert record() == (0, 0)


def test_a_dispute_that_moves_to_another_object_is_taken_from_the_first(own: Cluster) -> None:
    take("Birch", opinion(OWN))
    take("Birch", opinion("indicator--x", version=1))
    assert record() == (0, 0)


def test_agreement_neither_confirms_nor_disputes(own: Cluster) -> None:
    take("Birch", opinion(OWN, opinion="agree", **feedback(reaction="helpful")))
    assert record() == (0, 0)


def test_what_this_node_answers_itself_counts_for_nothing(own: Cluster) -> None:
    take("Alder", sighting(OWN))
    assert record() == (0, 0)


def test_the_same_answers_again_change_nothing(own: Cluster) -> None:
    take("Birch", sighting(OWN), opinion("indicator--x"))
    take("Birch", sighting(OWN), opinion("indicator--x"))
    assert record() == (1, 0)


def test_a_sighting_makes_its_joint_cluster_surer() -> None:
    a = claim("Birch", "a", [1], confidence=50)
    connect(a)
    before = seat(a)
    take("Cedar", sighting(a, confidence=50))
    after = seat(a)
    assert after.confidence > before.confidence
    assert after.origins == sorted(member(name).identity_id for name in ("Birch", "Cedar"))


def test_a_dispute_makes_its_joint_cluster_less_sure() -> None:
    a = claim("Birch", "a", [1])
    connect(a)
    before = seat(a)
    take("Cedar", opinion(a))
    assert seat(a).confidence < before.confidence
