"""What enters a collection, what does not, and in which order it stands there."""

from datetime import timedelta

import pytest
from django.db import connection

from federation.models import Log
from indicators.models import (
    Collection,
    Contradiction,
    Member,
    ObjectId,
    ObjectVersion,
)
from indicators.store.admission import Origins, admit
from indicators.store.judgement import Verdict
from tests import objects
from tests.objects import START, domain_name, id_of, indicator, stix_objects
from tests.store.witness import (
    FIRST,
    LATEST,
    post,
    rows,
    served,
    sound,
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
