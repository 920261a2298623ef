"""Whose an object is: who may add to it, pass it on, withdraw and revoke it."""

from datetime import timedelta

import pytest

from indicators.models import (
    Collection,
    Contradiction,
    Member,
    ObjectId,
    ObjectVersion,
)
from indicators.store.judgement import Verdict
from indicators.store.withdrawal import erase, withdraw
from tests import objects
from tests.objects import START, id_of, identity, indicator
from tests.store.witness import (
    EVERY,
    LATEST,
    post,
    rows,
    served,
    sound,
    verdicts,
)

ADDED, REFUSED = Verdict.ADDED, Verdict.REFUSED

pytestmark = pytest.mark.django_db


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
