"""What enters a collection, what does not, and what is left when it goes wrong."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError, connection

from federation.models import Log
from federation.transparency import log
from indicators.models import (
    Audience,
    Collection,
    Contradiction,
    Entry,
    Member,
    ObjectId,
    ObjectVersion,
)
from indicators.stix import Tlp
from indicators.store.admission import Origins, admit
from indicators.store.judgement import Verdict
from indicators.store.withdrawal import erase, withdraw
from tests import objects
from tests.objects import START, domain_name, id_of, identity, indicator, stix_objects
from tests.store.witness import (
    EVERY,
    FIRST,
    LATEST,
    post,
    rows,
    served,
    sound,
    together,
    verdicts,
)

ADDED, DUPLICATE = Verdict.ADDED, Verdict.DUPLICATE
CONTRADICTED, REFUSED = Verdict.CONTRADICTED, Verdict.REFUSED

pytestmark = pytest.mark.django_db


def test_an_admitted_object_is_served_with_its_exact_bytes(
    forum: Collection, alder: Member
) -> None:
    [obj] = stix_objects([indicator("a", name="Zoë\u2028")])
    admit(forum, alder, [obj])
    assert [row.body for row in rows(forum)] == [obj.body]


def test_a_batch_keeps_its_order(forum: Collection, alder: Member) -> None:
    values = [indicator(n) for n in range(20)]
    post(forum, alder, *values)
    assert [row.stix_id for row in rows(forum)] == [value["id"] for value in values]


def test_every_object_gets_its_outcome_in_input_order(forum: Collection, alder: Member) -> None:
    outcomes = post(
        forum,
        alder,
        indicator("red", object_marking_refs=[objects.TLP_RED]),
        indicator("a"),
        indicator("a"),
        indicator("a", name="other"),
    )
    assert verdicts(outcomes) == [REFUSED, ADDED, DUPLICATE, CONTRADICTED]
    assert [outcome.index for outcome in outcomes] == [0, 1, 2, 3]


def test_what_a_relay_brings_is_its_origins(
    forum: Collection, alder: Member, birch: Member
) -> None:
    verified = Origins({0: alder}, {0: "kid-of-alder"})
    post(forum, birch, indicator("a", created_by_ref=alder.identity_id), origins=verified)
    version = ObjectVersion.objects.get()
    assert (version.contributor, version.signed_by) == (alder, "kid-of-alder")
    assert ObjectId.objects.get().owner == alder


def test_what_no_signature_vouches_for_is_whose_who_brought_it(
    forum: Collection, birch: Member
) -> None:
    post(forum, birch, indicator("a"))
    version = ObjectVersion.objects.get()
    assert (version.contributor, version.signed_by) == (birch, None)


def test_the_origin_goes_on_with_what_a_relay_brought_first(
    forum: Collection, alder: Member, birch: Member
) -> None:
    post(forum, birch, indicator("a"), origins=Origins({0: alder}, {0: "kid"}))
    assert verdicts(post(forum, alder, indicator("a", version=2))) == [ADDED]
    assert verdicts(post(forum, birch, indicator("a", version=3))) == [REFUSED]


def test_a_content_that_was_unsigned_at_first_is_signed_once_its_signature_is_verified(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    post(forum, alder, indicator("a"))
    post(annex, alder, indicator("a"), origins=Origins({0: alder}, {0: "kid"}))
    assert ObjectVersion.objects.get().signed_by == "kid"


def test_an_empty_batch_does_nothing(forum: Collection, alder: Member) -> None:
    assert admit(forum, alder, []) == []
    assert sound(forum).size == 0


def test_a_duplicate_is_known_and_adds_nothing(forum: Collection, alder: Member) -> None:
    post(forum, alder, indicator("a"))
    before = Log.objects.get(pk=forum.pk)
    assert verdicts(post(forum, alder, indicator("a"))) == [DUPLICATE]
    after = Log.objects.get(pk=forum.pk)
    assert (after.size, after.root) == (before.size, before.root)


def test_a_batch_may_hold_one_object_twice(forum: Collection, alder: Member) -> None:
    outcomes = post(forum, alder, indicator("a"), indicator("a"))
    assert verdicts(outcomes) == [ADDED, DUPLICATE]
    assert sound(forum).size == 1


def test_a_batch_may_hold_one_observable_twice(forum: Collection, alder: Member) -> None:
    outcomes = post(forum, alder, domain_name("a.example"), domain_name("a.example"))
    assert verdicts(outcomes) == [ADDED, DUPLICATE]


def test_a_second_content_is_evidence_and_never_served(forum: Collection, alder: Member) -> None:
    post(forum, alder, indicator("a"))
    assert verdicts(post(forum, alder, indicator("a", name="other"))) == [CONTRADICTED]
    kept = Contradiction.objects.get()
    [original, other] = stix_objects([indicator("a"), indicator("a", name="other")])
    assert (bytes(kept.body), bytes(kept.held_sha256)) == (other.body, original.sha256)
    assert [row.body for row in rows(forum)] == [original.body]


def test_a_contradiction_within_a_batch_is_evidence(forum: Collection, alder: Member) -> None:
    outcomes = post(forum, alder, indicator("a"), indicator("a", name="other"))
    assert verdicts(outcomes) == [ADDED, CONTRADICTED]
    assert Contradiction.objects.count() == 1


def test_evidence_is_kept_once_however_often_it_comes(forum: Collection, alder: Member) -> None:
    post(forum, alder, indicator("a"))
    for _ in range(3):
        post(forum, alder, indicator("a", name="other"))
    assert Contradiction.objects.count() == 1


def test_a_contradiction_in_another_collection_is_one_too(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    post(forum, alder, indicator("a"))
    assert verdicts(post(annex, alder, indicator("a", name="other"))) == [CONTRADICTED]
    assert rows(annex) == []


def test_a_member_cannot_add_a_version_to_anothers_object(
    forum: Collection, alder: Member, mallory: Member
) -> None:
    post(forum, alder, indicator("a"))
    [outcome] = post(forum, mallory, indicator("a", version=1))
    assert (outcome.verdict, "another member" in outcome.reason) == (REFUSED, True)
    assert served(forum) == [(id_of("indicator", "a"), 0)]


def test_a_member_cannot_redefine_anothers_marking(
    forum: Collection, alder: Member, mallory: Member
) -> None:
    post(forum, alder, objects.marking("terms"))
    later = objects.marking("terms", created=objects.stamp(START + timedelta(days=1)))
    assert verdicts(post(forum, mallory, later)) == [REFUSED]


def test_a_strangers_contradiction_is_no_evidence_against_the_owner(
    forum: Collection, alder: Member, mallory: Member
) -> None:
    post(forum, alder, indicator("a"))
    assert verdicts(post(forum, mallory, indicator("a", name="lie"))) == [REFUSED]
    assert not Contradiction.objects.exists()


def test_a_member_cannot_name_another_member_as_author(
    forum: Collection, alder: Member, mallory: Member
) -> None:
    [outcome] = post(forum, mallory, indicator("a", created_by_ref=alder.identity_id))
    assert (outcome.verdict, "only Alder" in outcome.reason) == (REFUSED, True)


def test_a_refused_claim_of_authorship_does_not_take_the_id(
    forum: Collection, alder: Member, mallory: Member
) -> None:
    value = indicator("a", created_by_ref=alder.identity_id)
    post(forum, mallory, value)
    assert verdicts(post(forum, alder, value)) == [ADDED]
    assert ObjectId.objects.get().owner == alder


def test_a_member_cannot_publish_anothers_identity(
    forum: Collection, alder: Member, mallory: Member
) -> None:
    value = identity(alder.identity_id, created_by_ref=mallory.identity_id)
    assert verdicts(post(forum, mallory, value)) == [REFUSED]


def test_a_member_publishes_its_own_identity(forum: Collection, alder: Member) -> None:
    value = identity(alder.identity_id, created_by_ref=alder.identity_id)
    assert verdicts(post(forum, alder, value)) == [ADDED]


def test_an_unchanged_object_may_be_passed_on_by_another_member(
    forum: Collection, annex: Collection, alder: Member, birch: Member
) -> None:
    value = indicator("a", created_by_ref=alder.identity_id)
    post(forum, alder, value)
    assert verdicts(post(annex, birch, value)) == [ADDED]
    assert [row.body for row in rows(annex)] == [row.body for row in rows(forum)]
    assert ObjectVersion.objects.count() == 1


def test_passing_an_object_on_does_not_change_its_owner(
    forum: Collection, annex: Collection, alder: Member, birch: Member
) -> None:
    post(forum, alder, indicator("a"))
    post(annex, birch, indicator("a"))
    assert verdicts(post(annex, birch, indicator("a", version=1))) == [REFUSED]
    assert verdicts(post(annex, alder, indicator("a", version=1))) == [ADDED]


def test_what_its_owner_withdrew_is_not_brought_back_by_another(
    forum: Collection, annex: Collection, alder: Member, mallory: Member
) -> None:
    post(forum, alder, indicator("a"))
    withdraw(forum, alder, id_of("indicator", "a"), EVERY, "mistake")
    assert verdicts(post(forum, mallory, indicator("a"))) == [REFUSED]
    assert verdicts(post(annex, mallory, indicator("a"))) == [ADDED]


def test_the_owner_may_bring_back_what_it_withdrew(forum: Collection, alder: Member) -> None:
    post(forum, alder, indicator("a"))
    withdraw(forum, alder, id_of("indicator", "a"), EVERY, "mistake")
    assert verdicts(post(forum, alder, indicator("a"))) == [ADDED]
    assert (sound(forum).served, sound(forum).withdrawn) == (1, 1)


def test_a_revoked_object_stays_revoked(forum: Collection, alder: Member) -> None:
    post(forum, alder, indicator("a"), indicator("a", version=1, revoked=True))
    [outcome] = post(forum, alder, indicator("a", version=2))
    assert (outcome.verdict, "revoked" in outcome.reason) == (REFUSED, True)


def test_a_revocation_holds_within_its_batch(forum: Collection, alder: Member) -> None:
    outcomes = post(
        forum, alder, indicator("a", revoked=True), indicator("a", version=1), indicator("b")
    )
    assert verdicts(outcomes) == [ADDED, REFUSED, ADDED]


def test_a_revocation_holds_in_every_collection(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    post(forum, alder, indicator("a", revoked=True))
    assert verdicts(post(annex, alder, indicator("a", version=1))) == [REFUSED]


def test_a_version_from_before_the_revocation_is_still_taken(
    forum: Collection, alder: Member
) -> None:
    post(forum, alder, indicator("a", version=1, revoked=True))
    assert verdicts(post(forum, alder, indicator("a"))) == [ADDED]
    assert served(forum, LATEST) == [(id_of("indicator", "a"), 1)]


def test_a_revocation_that_comes_late_ends_the_object_too(forum: Collection, alder: Member) -> None:
    post(forum, alder, indicator("a", version=2))
    post(forum, alder, indicator("a", version=1, revoked=True))
    assert verdicts(post(forum, alder, indicator("a", version=3))) == [REFUSED]


def test_an_erased_version_is_not_taken_again(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    post(forum, alder, indicator("a"))
    erase(id_of("indicator", "a"), "court order")
    assert verdicts(post(forum, alder, indicator("a"))) == [REFUSED]
    assert verdicts(post(annex, alder, indicator("a", name="other"))) == [REFUSED]
    assert not Contradiction.objects.exists()


_REFS = {
    Tlp.CLEAR: objects.TLP_CLEAR,
    Tlp.GREEN: objects.TLP_GREEN,
    Tlp.AMBER: objects.TLP_AMBER,
    Tlp.AMBER_STRICT: objects.TLP_AMBER_STRICT,
    Tlp.RED: objects.TLP_RED,
}


@pytest.mark.parametrize(
    ("audience", "strictest"),
    [
        (Audience.PUBLIC, Tlp.CLEAR),
        (Audience.COMMUNITY, Tlp.GREEN),
        (Audience.MEMBERS, Tlp.AMBER_STRICT),
        (Audience.LABS, Tlp.AMBER_STRICT),
        (Audience.CLOUDS, Tlp.AMBER_STRICT),
        (Audience.NAMED, Tlp.RED),
    ],
)
def test_an_audience_gets_nothing_above_its_ceiling(
    open_one: Callable[..., Collection], alder: Member, audience: str, strictest: Tlp
) -> None:
    collection = open_one(audience=audience)
    outcomes = post(
        collection,
        alder,
        *(indicator(tlp, object_marking_refs=[ref]) for tlp, ref in _REFS.items()),
    )
    expected = [ADDED if tlp.rank <= strictest.rank else REFUSED for tlp in Tlp]
    assert verdicts(outcomes) == expected


def test_an_object_above_the_ceiling_takes_no_id(
    open_one: Callable[..., Collection], alder: Member
) -> None:
    public = open_one(audience=Audience.PUBLIC)
    post(public, alder, indicator("a", object_marking_refs=[objects.TLP_RED]))
    assert not ObjectId.objects.exists()


def test_passing_on_does_not_get_around_the_ceiling(
    forum: Collection, open_one: Callable[..., Collection], alder: Member, mallory: Member
) -> None:
    value = indicator("a", object_marking_refs=[objects.TLP_AMBER])
    post(forum, alder, value)
    public = open_one(audience=Audience.PUBLIC)
    assert verdicts(post(public, mallory, value)) == [REFUSED]


def test_an_observable_has_one_version_in_every_collection(
    forum: Collection, annex: Collection, alder: Member, birch: Member
) -> None:
    post(forum, alder, domain_name("a.example"), now=START)
    post(annex, birch, domain_name("a.example"), now=START + timedelta(days=1))
    [here], [there] = rows(forum), rows(annex)
    assert here.version == there.version == here.date_added == START
    assert there.date_added > START


def test_an_observable_has_no_owner(forum: Collection, alder: Member) -> None:
    post(forum, alder, domain_name("a.example"))
    assert ObjectId.objects.get().owner is None


def test_an_observable_of_another_content_is_evidence_whoever_sends_it(
    forum: Collection, alder: Member, birch: Member
) -> None:
    post(forum, alder, domain_name("a.example"))
    [outcome] = post(forum, birch, domain_name("a.example", defanged=True))
    assert (outcome.verdict, "modified" in outcome.reason) == (CONTRADICTED, False)


def test_an_object_without_modified_has_the_version_of_its_creation(
    forum: Collection, alder: Member
) -> None:
    post(forum, alder, objects.marking("terms"))
    assert rows(forum)[0].version == START


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1)])
@pytest.mark.parametrize("batches", [1, 3])
def test_first_and_latest_are_right_in_whatever_order_versions_come(
    forum: Collection, alder: Member, order: tuple[int, ...], batches: int
) -> None:
    values = [indicator("a", version=n) for n in order]
    for batch in [values] if batches == 1 else [[value] for value in values]:
        post(forum, alder, *batch)
    assert served(forum, FIRST) == [(id_of("indicator", "a"), 0)]
    assert served(forum, LATEST) == [(id_of("indicator", "a"), 2)]


def test_first_and_latest_are_of_one_collection(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    post(forum, alder, indicator("a"), indicator("a", version=2))
    post(annex, alder, indicator("a", version=1))
    assert served(annex, LATEST) == served(annex, FIRST) == [(id_of("indicator", "a"), 1)]


def test_date_added_goes_on_when_the_clock_steps_back(forum: Collection, alder: Member) -> None:
    for n, hours in enumerate((0, -1, -2, 0)):
        post(
            forum, alder, *(indicator((n, i)) for i in range(3)), now=START + timedelta(hours=hours)
        )
    added = [row.date_added for row in rows(forum)]
    assert added == sorted(set(added))
    assert sound(forum).size == 12


def test_a_failure_at_the_log_leaves_nothing(forum: Collection, alder: Member) -> None:
    with mock.patch.object(log, "append", side_effect=OSError), pytest.raises(OSError):
        post(forum, alder, indicator("a"))
    assert not Entry.objects.exists()
    assert not ObjectVersion.objects.exists()
    assert not ObjectId.objects.exists()
    assert sound(forum).size == 0


@pytest.mark.django_db(transaction=True)
def test_a_killed_connection_leaves_nothing(forum: Collection, alder: Member) -> None:
    def kill(*_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with mock.patch.object(log, "append", side_effect=kill), pytest.raises(OperationalError):
        post(forum, alder, indicator("a"))
    connection.close()
    assert not ObjectId.objects.exists()
    assert not ObjectVersion.objects.exists()
    assert verdicts(post(forum, alder, indicator("a"))) == [ADDED]
    assert sound(forum).size == 1


@pytest.mark.django_db(transaction=True)
def test_writers_of_overlapping_batches_neither_lock_each_other_nor_store_twice(
    open_one: Callable[..., Collection], alder: Member
) -> None:
    collections = [open_one(title=name) for name in ("One", "Two", "Three")]
    values = [
        *(indicator(key, version=version) for key in range(30) for version in range(2)),
        *(domain_name(f"{n}.example") for n in range(20)),
    ]

    def work(number: int) -> Callable[[], None]:
        batch = values[number * 5 :] + values[: number * 5]
        if number % 2:
            batch.reverse()

        def run() -> None:
            for turn in range(3):
                collection = collections[(number + turn) % 3]
                for half in (batch[:50], batch[50:]):
                    post(collection, alder, *half)

        return run

    together(*(work(number) for number in range(8)))
    assert ObjectVersion.objects.count() == len(values)
    for collection in collections:
        assert sound(collection).served == len(values)
        assert len(served(collection, LATEST)) == 50


@pytest.mark.django_db(transaction=True)
def test_of_two_members_who_publish_one_id_at_once_one_owns_it(
    forum: Collection, annex: Collection, alder: Member, mallory: Member
) -> None:
    mine, theirs = ([indicator(key, name=name) for key in range(20)] for name in ("mine", "theirs"))
    first, second = together(
        lambda: post(forum, alder, *mine), lambda: post(annex, mallory, *reversed(theirs))
    )
    assert sorted({*verdicts(first), *verdicts(second)}) == [ADDED, REFUSED]
    assert ObjectVersion.objects.count() == 20


def test_the_planner_knows_a_feed_that_has_just_grown(forum: Collection, alder: Member) -> None:
    def known() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sum(greatest(reltuples, 0))::int FROM pg_class"
                " WHERE relname LIKE 'indicators_entry__'"
            )
            return int(cursor.fetchone()[0])

    # What the planner learns outlives the transaction of the test that taught it.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE indicators_entry")
    for expected, count in ((0, 1000), (1030, 30), (1030, 1000), (5030, 3000)):
        post(forum, alder, *(indicator() for _ in range(count)))
        assert known() == expected
