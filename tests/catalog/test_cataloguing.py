"""The catalog follows the feeds: what joins them, what leaves them, what is over."""

from datetime import timedelta

import pytest

from indicators.catalog import cataloguing
from indicators.models import CatalogRow, Collection, Member, Reference, Standing
from indicators.pipeline.cataloguing import catalogue
from indicators.store import feed, withdrawal
from tests.catalog.conftest import Add, row, store
from tests.objects import START, TLP_AMBER, id_of, identity, indicator, malware, moment, stamp

pytestmark = pytest.mark.django_db

YEARS = timedelta(days=3_650)


def test_an_object_is_found_under_its_name(add: Add) -> None:
    add(indicator("a", name="Relay network"))
    assert row(id_of("indicator", "a")).name == "Relay network"


def test_whose_it_is_is_known(add: Add, birch: Member, inbox: Collection) -> None:
    add(indicator("a"), by=birch, into=inbox)
    found = row(id_of("indicator", "a"))
    assert (found.origin, found.is_own) == (birch, False)


def test_a_newer_version_takes_the_place(add: Add) -> None:
    add(indicator("a", name="Before"))
    add(indicator("a", version=1, name="After", object_marking_refs=[TLP_AMBER]))
    found = row(id_of("indicator", "a"))
    assert (found.name, found.version, found.tlp) == ("After", moment(1), 2)


def test_a_late_copy_of_an_older_version_changes_nothing(add: Add) -> None:
    add(indicator("a", version=1, name="After"))
    add(indicator("a", name="Before"))
    assert row(id_of("indicator", "a")).name == "After"


def test_a_newer_version_moves_to_the_front(add: Add) -> None:
    add(indicator("a"), indicator("b"))
    add(indicator("a", version=1))
    newest = CatalogRow.objects.order_by("-number").first()
    assert newest is not None and newest.pk == id_of("indicator", "a")


def test_a_copy_in_another_collection_does_not_move(
    add: Add, birch: Member, inbox: Collection, shelf: Collection
) -> None:
    add(indicator("a"), by=birch, into=inbox)
    before = row(id_of("indicator", "a")).number
    add(indicator("a"), by=birch, into=shelf)
    found = row(id_of("indicator", "a"))
    assert (found.number, sorted(found.collections)) == (before, sorted([inbox.pk, shelf.pk]))


def test_a_withdrawn_object_leaves(add: Add, shelf: Collection, alder: Member) -> None:
    add(indicator("a"), indicator("b"))
    withdrawal.withdraw(shelf, alder, id_of("indicator", "a"), every_of("a"), "mistake")
    catalogue()
    assert list(CatalogRow.objects.values_list("pk", flat=True)) == [id_of("indicator", "b")]


def test_of_a_withdrawn_version_the_one_before_remains(
    add: Add, shelf: Collection, alder: Member
) -> None:
    add(indicator("a", name="Before"), indicator("a", version=1, name="After"))
    newest = feed.Selection(ids=(id_of("indicator", "a"),))
    withdrawal.withdraw(shelf, alder, id_of("indicator", "a"), newest, "mistake")
    catalogue()
    assert row(id_of("indicator", "a")).name == "Before"


def test_an_erased_object_leaves_with_what_it_said(add: Add) -> None:
    add(indicator("a"), malware("m"), relationship("r", "a", "m"))
    withdrawal.erase(id_of("relationship", "r"), "a court order")
    catalogue()
    assert not Reference.objects.exists()


def test_an_erased_object_is_not_found_from_then_on(add: Add) -> None:
    add(indicator("a"))
    withdrawal.erase(id_of("indicator", "a"), "a court order")
    assert not CatalogRow.objects.exists()


def test_what_a_relationship_says_is_kept(add: Add) -> None:
    add(relationship("r", "a", "m"))
    said = Reference.objects.get()
    assert (said.source, said.relation, said.target) == (
        id_of("indicator", "a"),
        "indicates",
        id_of("malware", "m"),
    )


def test_a_revoked_relationship_says_nothing(add: Add) -> None:
    add(relationship("r", "a", "m"))
    add(relationship("r", "a", "m") | {"modified": stamp(moment(1)), "revoked": True})
    assert not Reference.objects.exists()


def test_a_revoked_object_is_revoked(add: Add) -> None:
    add(indicator("a", revoked=True))
    assert row(id_of("indicator", "a")).standing == Standing.REVOKED


def test_an_indicator_expires_when_its_time_comes(add: Add) -> None:
    add(indicator("a", valid_until=stamp(START + YEARS)))
    found = row(id_of("indicator", "a"))
    cataloguing.expire(START + YEARS + timedelta(seconds=1))
    assert (found.standing, row(found.pk).standing) == (Standing.LIVE, Standing.EXPIRED)


def test_rows_of_another_form_are_made_anew(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    add(indicator("a"), identity(id_of("identity", "x")))
    CatalogRow.objects.update(name="of an older form")
    monkeypatch.setattr(cataloguing, "FORM", cataloguing.FORM + 1)
    catalogue()
    assert not CatalogRow.objects.filter(name="of an older form").exists()


def test_made_anew_rows_keep_their_order(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    add(indicator("a"))
    before = row(id_of("indicator", "a")).number
    monkeypatch.setattr(cataloguing, "FORM", cataloguing.FORM + 1)
    catalogue()
    assert row(id_of("indicator", "a")).number == before


def test_a_batch_that_fails_is_read_again(
    shelf: Collection, alder: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(shelf, alder, [indicator("a")])
    with monkeypatch.context() as broken, pytest.raises(ZeroDivisionError):
        broken.setattr(cataloguing, "_MERGE", "SELECT 1/0")
        broken.setattr(cataloguing.rows, "refresh", lambda *_: 1 / 0)
        catalogue()
    catalogue()
    assert row(id_of("indicator", "a"))


def test_many_objects_come_in_several_batches(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cataloguing, "LIMIT", 2)
    add(*(indicator(n) for n in range(5)))
    assert CatalogRow.objects.count() == 5


def every_of(key: str) -> feed.Selection:
    return feed.Selection(ids=(id_of("indicator", key),), versions=feed.Versions(every=True))


def relationship(key: str, source: str, target: str) -> dict[str, object]:
    return {
        "type": "relationship",
        "spec_version": "2.1",
        "id": id_of("relationship", key),
        "created": stamp(START),
        "modified": stamp(START),
        "relationship_type": "indicates",
        "source_ref": id_of("indicator", source),
        "target_ref": id_of("malware", target),
    }
