"""Who may read, write and delete; who may know that a collection exists."""

import pytest

from tests.journeys.feed import indicators
from tests.taxii.conftest import ROOT, Door, content

READS = ("objects/", "manifest/", "objects/{id}/", "objects/{id}/versions/")


def test_a_collection_shows_the_callers_own_permissions(cedar: Door, alder: Door) -> None:
    for door, can_read, can_write in ((cedar, True, False), (alder, False, True)):
        shown = content(door.get(""))
        assert (shown["can_read"], shown["can_write"]) == (can_read, can_write)


def test_collections_are_listed_by_id_and_only_the_callers(birch: Door, mallory: Door) -> None:
    (shown,) = content(birch.get(f"{ROOT}collections/"))["collections"]
    assert shown["id"] == str(birch.collection.pk)
    assert content(mallory.get(f"{ROOT}collections/")) == {}


@pytest.mark.parametrize("read", READS)
def test_what_may_be_known_but_not_read_is_403(alder: Door, forum: Door, read: str) -> None:
    path = read.format(id=indicators(1)[0]["id"])
    assert [door.get(path).status_code for door in (alder, forum)] == [403, 403]


@pytest.mark.parametrize("read", ["", *READS])
def test_what_may_not_be_known_is_404(mallory: Door, read: str) -> None:
    assert mallory.get(read.format(id=indicators(1)[0]["id"])).status_code == 404


def test_an_alias_works_in_paths(birch: Door) -> None:
    assert content(birch.get(f"{ROOT}collections/shared/"))["id"] == str(birch.collection.pk)


def test_writing_without_permission_is_403(cedar: Door, forum: Door) -> None:
    assert [door.post([]).status_code for door in (cedar, forum)] == [403, 403]


def test_writing_to_what_may_not_be_known_is_404(mallory: Door) -> None:
    assert mallory.post([]).status_code == 404


def test_deleting_needs_reading_and_writing(
    birch: Door, cedar: Door, alder: Door, forum: Door, mallory: Door
) -> None:
    (sent,) = indicators(1)
    birch.posted(sent)
    answers = [door.delete(sent["id"]).status_code for door in (mallory, forum, cedar, alder)]
    assert answers == [404, 404, 403, 403]
    assert birch.delete(sent["id"]).status_code == 200


def test_a_deleted_object_is_gone_from_reads_and_manifest(birch: Door) -> None:
    sent, kept = indicators(2)
    birch.posted(sent, kept)
    birch.delete(sent["id"])
    assert [each["id"] for each in content(birch.get())["objects"]] == [kept["id"]]
    assert [each["id"] for each in content(birch.get("manifest/"))["objects"]] == [kept["id"]]
    assert birch.get(f"objects/{sent['id']}/").status_code == 404
    assert birch.get(f"objects/{sent['id']}/versions/").status_code == 404


def test_one_version_can_be_deleted(birch: Door) -> None:
    (sent,) = indicators(1)
    later = {**sent, "modified": "2026-11-02T00:00:00.000Z"}
    birch.posted(sent, later)
    birch.delete(sent["id"], version="last")
    assert content(birch.get(f"objects/{sent['id']}/"))["objects"] == [sent]


def test_nobody_deletes_another_members_object(birch: Door, collection: object) -> None:
    from tests.taxii.conftest import at_door

    other = at_door(birch.collection, "Dogwood", can_read=True, can_write=True)
    (sent,) = indicators(1)
    birch.posted(sent)
    assert other.delete(sent["id"]).status_code == 403


def test_a_status_is_only_for_the_member_who_posted(birch: Door, cedar: Door) -> None:
    status = birch.posted(*indicators(1))
    path = f"{ROOT}status/{status['id']}/"
    assert content(birch.get(path)) == status
    assert cedar.get(path).status_code == 404


def test_a_log_is_for_those_who_may_read_its_collection(
    birch: Door, alder: Door, mallory: Door
) -> None:
    path = f"/logs/{birch.collection.pk}/checkpoint"
    assert [door.get(path).status_code for door in (birch, alder, mallory)] == [200, 403, 404]
