"""Joint clusters hold together who shares tokens, and keep their ids as that changes."""

import pytest

from indicators.models import JointCluster, JointEdge, JointEvent, Match
from tests.reconcile.claims import (
    DAY,
    NOW,
    claim,
    cluster,
    connect,
    know,
    match,
    network_id,
    publish,
    seat,
    store,
    together,
)

pytestmark = pytest.mark.django_db


def test_indicators_that_share_a_token_are_of_one_joint_cluster() -> None:
    a, b = claim("Birch", "a", [1, 2]), claim("Cedar", "b", [2, 3])
    connect(a, b)
    assert together() == {frozenset({a, b})}


def test_indicators_that_share_nothing_are_apart() -> None:
    a, b = claim("Birch", "a", [1]), claim("Cedar", "b", [2])
    connect(a, b)
    assert together() == {frozenset({a}), frozenset({b})}


def test_what_comes_later_joins_what_was_there() -> None:
    a = claim("Birch", "a", [1])
    connect(a)
    before = seat(a)
    b = claim("Cedar", "b", [1])
    assert connect(b) == [before.pk]
    assert seat(b) == before


def test_a_bridge_merges_two_and_the_older_keeps_its_id() -> None:
    a, b = claim("Birch", "a", [1]), claim("Cedar", "b", [2])
    connect(a)
    connect(b, now=NOW + DAY)
    older, younger = seat(a), seat(b)
    c = claim("Forum", "c", [1, 2])
    connect(c)
    assert together() == {frozenset({a, b, c})}
    assert seat(b) == older
    younger.refresh_from_db()
    assert (younger.merged_into, younger.subject_count) == (older, 0)
    assert younger.ended_at is not None


def test_when_the_bridge_goes_the_larger_part_keeps_the_id() -> None:
    a, b = claim("Birch", "a", [1]), claim("Cedar", "b", [1, 2])
    c, d = claim("Forum", "c", [2, 3]), claim("Birch", "d", [3])
    e = claim("Cedar", "e", [3])
    connect(a, b, c, d, e)
    whole = seat(a)
    know("Forum", "c", is_live=False)
    store("Forum", "c", [])
    connect(gone=[c])
    assert together() == {frozenset({a, b}), frozenset({d, e})}
    assert whole in (seat(a), seat(d))
    assert seat(a) != seat(d)


def test_members_of_the_same_subject_need_no_edge() -> None:
    network = network_id("birch's")
    a = claim("Birch", "a", [1], subject=network)
    b = claim("Birch", "b", [1, 2], subject=network)
    connect(a, b)
    assert together() == {frozenset({network})}
    assert not JointEdge.objects.exists()


def test_an_indicator_moves_when_its_subject_becomes_known() -> None:
    a = claim("Birch", "a", [1])
    b = claim("Cedar", "b", [1])
    connect(a, b)
    network = network_id("birch's")
    know("Birch", "a", subject=network)
    connect(a)
    assert together() == {frozenset({network, b})}


def test_a_match_connects_a_cluster_that_was_not_published() -> None:
    own, a = cluster(), claim("Birch", "a", [1])
    connect(a, matches=[match(own, a)])
    assert together() == {frozenset({a, f"cluster/{own.pk}"})}


def test_a_cluster_keeps_its_seat_when_it_is_published() -> None:
    own, a = cluster(), claim("Birch", "a", [1])
    connect(a, matches=[match(own, a)])
    before = seat(a)
    published = publish(own, "own", [1])
    connect(published)
    network = network_id(f"{own.pk}/1")
    assert together() == {frozenset({a, network})}
    assert seat(network) == before


def test_tokens_in_matches_and_in_own_indicators_count_once() -> None:
    own, a = cluster(), claim("Birch", "a", [1, 2])
    published = publish(own, "own", [1, 2])
    connect(a, published, matches=[match(own, a, kinds={"token": 2})])
    (edge,) = JointEdge.objects.all()
    assert (edge.kinds, edge.token_count) == ({"token": 2}, 2)


def test_a_false_positive_connects_nobody() -> None:
    own, a = cluster(), claim("Birch", "a", [1])
    published = publish(own, "own", [1])
    number = match(own, a)
    connect(a, published, matches=[number])
    assert len(together()) == 1
    Match.objects.filter(pk=number).update(state="false-positive")
    connect(matches=[number])
    assert together() == {frozenset({a}), frozenset({network_id(f"{own.pk}/1")})}


def test_a_retired_match_parts_them() -> None:
    own, a = cluster(), claim("Birch", "a", [1])
    number = match(own, a)
    connect(a, matches=[number])
    Match.objects.filter(pk=number).update(retired_at=NOW)
    connect(matches=[number])
    assert together() == {frozenset({a})}


def test_one_shared_prompt_band_is_too_little() -> None:
    bands = {"semantics": "candidate", "min_matches": 2}
    a, b = claim("Birch", "a", [1, 2, 3], **bands), claim("Cedar", "b", [3, 4, 5], **bands)
    connect(a, b)
    assert together() == {frozenset({a}), frozenset({b})}
    store("Cedar", "b", [2, 3])
    connect(b)
    assert together() == {frozenset({a, b})}


def test_a_token_that_everybody_has_connects_nobody(settings: object) -> None:
    settings.TOKEN_FANOUT = 2  # type: ignore[attr-defined]
    names = ["a", "b", "c"]
    ids = [claim("Birch", name, [1]) for name in names]
    connect(*ids)
    assert len(together()) == 3


def test_a_revoked_indicator_leaves_and_its_cluster_ends() -> None:
    a = claim("Birch", "a", [1])
    connect(a)
    whole = seat(a)
    know("Birch", "a", is_live=False)
    assert connect(gone=[a]) == []
    whole.refresh_from_db()
    assert whole.ended_at is not None
    assert together() == set()


def test_nothing_changed_changes_nothing() -> None:
    a, b = claim("Birch", "a", [1]), claim("Cedar", "b", [1])
    connect(a, b)
    events = JointEvent.objects.count()
    connect(a, b, now=NOW + DAY)
    assert JointEvent.objects.count() == events
    assert JointCluster.objects.get(ended_at=None).changed_at == NOW
