"""The index shows the newest version that any feed serves, whatever happened before."""

from typing import Any

import pytest
from django.db import connection

from indicators.models import Collection, IndexedToken, Member
from indicators.store import feed
from indicators.store.custody import ensure_own_member
from indicators.store.withdrawal import erase, withdraw
from tests.objects import id_of, indicator, moment
from tests.stix.test_tokens import text, token
from tests.store.plans import explained
from tests.store.witness import post, together

pytestmark = pytest.mark.django_db

A = id_of("indicator", "a")


def looks_for(*numbers: int, key: object = "a", version: int = 0, **changes: Any) -> dict[str, Any]:
    """A version of an indicator that looks for these tokens."""
    listed = ", ".join(f"'{text(n)}'" for n in numbers)
    pattern = f"[identifier-token:value IN ({listed})]"
    return indicator(key, version=version, pattern=pattern, **changes)


def shown() -> set[tuple[bytes, str]]:
    return {(bytes(row.token), row.stix_id) for row in IndexedToken.objects.all()}


def of_a(*numbers: int) -> set[tuple[bytes, str]]:
    return {(token(n), A) for n in numbers}


def take_out(collection: Collection, member: Member, version: int) -> None:
    only = feed.Versions(latest=False, exact=(moment(version),))
    withdraw(collection, member, A, feed.Selection(ids=(A,), versions=only), "mistake")


def test_an_admitted_indicator_is_found_by_its_tokens(forum: Collection, alder: Member) -> None:
    post(forum, alder, looks_for(1, 2))
    assert shown() == of_a(1, 2)


def test_an_indicator_without_tokens_is_not_indexed(forum: Collection, alder: Member) -> None:
    post(forum, alder, indicator("a"))
    assert shown() == set()


def test_two_indicators_may_share_a_token(forum: Collection, alder: Member) -> None:
    post(forum, alder, looks_for(1), looks_for(1, key="b"))
    assert shown() == {(token(1), A), (token(1), id_of("indicator", "b"))}


def test_a_later_version_replaces_what_is_shown(forum: Collection, alder: Member) -> None:
    post(forum, alder, looks_for(1, 2))
    post(forum, alder, looks_for(2, 3, version=1))
    assert shown() == of_a(2, 3)


def test_a_later_version_without_tokens_shows_none(forum: Collection, alder: Member) -> None:
    post(forum, alder, looks_for(1))
    post(forum, alder, indicator("a", version=1))
    assert shown() == set()


def test_of_several_versions_in_one_batch_the_newest_is_shown(
    forum: Collection, alder: Member
) -> None:
    post(forum, alder, looks_for(2, version=2), looks_for(1, version=1), looks_for(0))
    assert shown() == of_a(2)


def test_an_earlier_version_that_comes_late_is_not_shown(forum: Collection, alder: Member) -> None:
    post(forum, alder, looks_for(2, version=1))
    post(forum, alder, looks_for(1))
    assert shown() == of_a(2)


def test_an_earlier_version_in_another_collection_is_not_shown(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    post(forum, alder, looks_for(1), looks_for(2, version=1))
    post(annex, alder, looks_for(1))
    assert shown() == of_a(2)


def test_a_later_version_in_another_collection_is_shown(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    post(forum, alder, looks_for(1))
    post(annex, alder, looks_for(2, version=1))
    assert shown() == of_a(2)


def test_the_same_version_in_a_second_collection_is_shown_once(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    for collection in (forum, annex):
        post(collection, alder, looks_for(1))
    assert shown() == of_a(1)


def test_a_revoked_indicator_is_not_shown(forum: Collection, alder: Member) -> None:
    post(forum, alder, looks_for(1))
    post(forum, alder, looks_for(1, version=1, revoked=True))
    assert shown() == set()


def test_an_indicator_that_arrives_revoked_is_not_shown(forum: Collection, alder: Member) -> None:
    post(forum, alder, looks_for(1, revoked=True))
    assert shown() == set()


def test_an_erased_indicator_is_not_shown(forum: Collection, alder: Member) -> None:
    post(forum, alder, looks_for(1), looks_for(2, key="b"))
    erase(A, "by law")
    assert shown() == {(token(2), id_of("indicator", "b"))}


def test_what_left_its_only_feed_is_not_shown(forum: Collection, alder: Member) -> None:
    post(forum, alder, looks_for(1))
    take_out(forum, alder, 0)
    assert shown() == set()


def test_what_another_feed_still_serves_is_shown(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    for collection in (forum, annex):
        post(collection, alder, looks_for(1))
    take_out(forum, alder, 0)
    assert shown() == of_a(1)


def test_without_its_newest_version_an_indicator_shows_the_one_before(
    forum: Collection, alder: Member
) -> None:
    post(forum, alder, looks_for(1), looks_for(2, version=1))
    take_out(forum, alder, 1)
    assert shown() == of_a(1)


def test_a_withdrawn_version_does_not_come_back_with_an_earlier_one(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    post(forum, alder, looks_for(1), looks_for(2, version=1))
    take_out(forum, alder, 1)
    post(annex, alder, looks_for(1))
    assert shown() == of_a(1)


def test_what_is_refused_is_not_shown(forum: Collection, alder: Member, mallory: Member) -> None:
    post(forum, alder, looks_for(1))
    post(forum, mallory, looks_for(9, version=1), looks_for(8))
    assert shown() == of_a(1)


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_a_new_version_at_once_leave_one_version_shown(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    ensure_own_member()
    for round_ in range(5):
        base = round_ * 10
        post(forum, alder, looks_for(base, version=base), looks_for(base + 1, version=base + 1))
        together(
            lambda base=base: take_out(forum, alder, base + 1),
            lambda base=base: post(annex, alder, looks_for(base + 2, version=base + 2)),
        )
        assert shown() == of_a(base + 2)


def test_a_batch_is_indexed_in_three_statements_on_named_indexes(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    post(annex, alder, *(looks_for(n, n + 1, key=n) for n in range(3000)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with explained() as plans:
        post(annex, alder, *(looks_for(n, key=n, version=1) for n in range(10)))
    assert {"indexed_tokens_of_indicator", "entry_by_object"} <= plans.indexes
    assert not {name for name in plans.scanned if "indexedtoken" in name or "entry" in name}


def test_a_cluster_of_25_000_accounts_is_indexed_in_one_batch(
    forum: Collection, alder: Member
) -> None:
    post(forum, alder, *(looks_for(*range(n * 500, n * 500 + 500), key=n) for n in range(250)))
    assert IndexedToken.objects.count() == 125_000
