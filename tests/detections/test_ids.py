"""Ids that are the same for the same cluster and tell nobody which."""

from uuid import RFC_4122, UUID

import pytest

from indicators.detections.drafts.ids import cluster_key, cluster_label, object_id

KEY = b"k" * 32


def test_an_id_has_the_form_of_a_random_uuid() -> None:
    for number in range(100):
        made = UUID(object_id("campaign", KEY, "token", number, "campaign")[len("campaign--") :])
        assert (made.version, made.variant) == (4, RFC_4122)


def test_the_same_object_gets_the_same_id() -> None:
    # A constant: ids of published objects must not change with the code.
    assert (
        object_id("campaign", KEY, "token", 1, "campaign")
        == "campaign--438cfa44-6d74-49b7-84ef-43e0e2be4d7c"
    )


@pytest.mark.parametrize(
    "other",
    [
        ("infrastructure", KEY, "token", 1, "campaign"),
        ("campaign", b"x" * 32, "token", 1, "campaign"),
        ("campaign", KEY, "another", 1, "campaign"),
        ("campaign", KEY, "token", 2, "campaign"),
        ("campaign", KEY, "token", 1, "part/1"),
    ],
    ids=["type", "key", "cluster", "incarnation", "role"],
)
def test_another_object_gets_another_id(other: tuple[str, bytes, str, int, str]) -> None:
    own = object_id("campaign", KEY, "token", 1, "campaign").partition("--")[2]
    assert object_id(*other).partition("--")[2] != own


def test_parts_of_a_name_do_not_run_together() -> None:
    assert cluster_key(KEY, "ab", "c") != cluster_key(KEY, "a", "bc")


def test_peers_call_a_cluster_otherwise_than_its_node_does() -> None:
    assert cluster_key(KEY, "A" * 22) != "A" * 22


def test_what_peers_call_a_cluster_has_22_characters() -> None:
    assert len(cluster_key(KEY, "token", "content")) == 22


def test_people_tell_clusters_apart_by_eight_characters() -> None:
    assert len(cluster_label(KEY, "token")) == 8
