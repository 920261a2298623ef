"""Who decides on a draft, and what becomes of it."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from federation import signing
from indicators import pipeline
from indicators.detections.drafts.decisions import DecisionRefused, NoSuchDraft
from indicators.models import (
    Act,
    AuditEvent,
    Cluster,
    Collection,
    Detection,
    Draft,
    DraftState,
    Person,
    Policy,
    Remark,
    Role,
    Stage,
)
from tests.contributing.detector import Contributor, account, finding
from tests.contributing.feed import latest, reviewer, tokens

pytestmark = pytest.mark.django_db


def test_a_review_detectors_draft_waits(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    assert Draft.objects.get().state == DraftState.REVIEW
    assert latest(shared) == []


def test_an_approved_draft_is_published_as_it_was_shown(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    draft = Draft.objects.get()
    pipeline.approve(draft.pk, reviewer("ben"))
    alder.work()
    shown = {each["id"]: each for each in alder.shown(draft)}
    for each in latest(shared):
        each["extensions"].pop(signing.EXTENSION)
        if not each["extensions"]:
            del each["extensions"]
        assert each["type"] == "identity" or shown[each["id"]] == each


def test_a_rejected_draft_shares_nothing(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    pipeline.reject(Draft.objects.get().pk, reviewer("ben"), "A known customer.")
    alder.work()
    assert latest(shared) == []
    assert Detection.objects.get().stage == Stage.WITHHELD


def test_a_later_finding_does_not_bring_back_what_was_rejected(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    one, two = (account(f"a{n}", device=f"device-{n}") for n in (1, 2))
    alder.send(finding("f-1", cluster={"key": "c"}, accounts=[one]))
    alder.work()
    pipeline.reject(Draft.objects.get().pk, reviewer("ben"), "A known customer.")
    alder.send(finding("f-2", cluster={"key": "c"}, accounts=[two]))
    alder.work()
    [draft] = Draft.objects.filter(state=DraftState.REVIEW)
    assert tokens([each for each in alder.shown(draft) if each["type"] == "indicator"]) == 1


def test_who_describes_a_cluster_does_not_approve_it(
    alder: Contributor, shared: Collection
) -> None:
    alder.send(finding())
    alder.work()
    ana, ben = reviewer("ana"), reviewer("ben")
    pipeline.describe_cluster(Cluster.objects.get().pk, ana, "They rotate through resellers.")
    alder.work()
    [draft] = Draft.objects.filter(state=DraftState.REVIEW)
    with pytest.raises(DecisionRefused):
        pipeline.approve(draft.pk, ana)
    pipeline.approve(draft.pk, ben)
    alder.work()
    [campaign] = latest(shared, "campaign")
    assert campaign["description"] == "They rotate through resellers."


def written_on(alder: Contributor, author: User) -> Draft:
    """The draft in review after another person has written on in what there was."""
    number = Cluster.objects.get().pk
    pipeline.describe_cluster(number, author, "They rotate through resellers, weekly.")
    alder.work()
    return Draft.objects.get(state=DraftState.REVIEW)


def test_who_wrote_before_the_author_does_not_approve_their_words(
    alder: Contributor, shared: Collection
) -> None:
    ana = reviewer("ana")
    described(alder, ana)
    draft = written_on(alder, reviewer("ben"))
    with pytest.raises(DecisionRefused, match="ask another person"):
        pipeline.approve(draft.pk, ana)


def test_who_wrote_what_is_published_decides_on_what_follows(
    alder: Contributor, shared: Collection
) -> None:
    ana = reviewer("ana")
    pipeline.approve(described(alder, ana).pk, reviewer("rae"))
    alder.work()
    draft = written_on(alder, reviewer("ben"))
    pipeline.approve(draft.pk, ana)
    draft.refresh_from_db()
    assert draft.state == DraftState.APPROVED


def test_the_database_refuses_an_author_who_decides(alder: Contributor, shared: Collection) -> None:
    alder.send(finding())
    alder.work()
    ana = reviewer("ana")
    with pytest.raises(IntegrityError), transaction.atomic():
        Draft.objects.update(author=ana, decided_by=ana)


def test_who_is_no_reviewer_decides_nothing(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    with pytest.raises(DecisionRefused):
        pipeline.approve(Draft.objects.get().pk, User.objects.create_user("mallory"))


def described(alder: Contributor, author: User) -> Draft:
    """A draft in review that `author` wrote a sentence of."""
    alder.send(finding())
    alder.work()
    pipeline.describe_cluster(Cluster.objects.get().pk, author, "Resellers.")
    alder.work()
    return Draft.objects.get(state=DraftState.REVIEW)


def test_a_draft_that_is_returned_goes_back_to_its_author(
    alder: Contributor, shared: Collection
) -> None:
    draft = described(alder, reviewer("ana"))
    pipeline.return_draft(draft.pk, reviewer("ben"), "Say which resellers.")
    draft.refresh_from_db()
    assert (draft.state, draft.decision_reason) == (DraftState.RETURNED, "Say which resellers.")


def test_what_its_author_changes_of_a_returned_draft_is_reviewed_again(
    alder: Contributor, shared: Collection
) -> None:
    ana = reviewer("ana")
    draft = described(alder, ana)
    pipeline.return_draft(draft.pk, reviewer("ben"), "Say which resellers.")
    pipeline.describe_cluster(Cluster.objects.get().pk, ana, "Resellers in two regions.")
    alder.work()
    [again] = Draft.objects.filter(state=DraftState.REVIEW)
    assert again.author == ana


def test_an_author_does_not_return_their_own_draft(alder: Contributor, shared: Collection) -> None:
    ana = reviewer("ana")
    draft = described(alder, ana)
    with pytest.raises(DecisionRefused, match="ask another person"):
        pipeline.return_draft(draft.pk, ana, "No.")


def test_a_draft_that_nobody_wrote_is_not_returned(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    with pytest.raises(DecisionRefused, match="Nobody wrote"):
        pipeline.return_draft(Draft.objects.get().pk, reviewer("ben"), "More accounts.")


def test_a_return_needs_a_reason(alder: Contributor, shared: Collection) -> None:
    draft = described(alder, reviewer("ana"))
    with pytest.raises(DecisionRefused, match="Say what should change"):
        pipeline.return_draft(draft.pk, reviewer("ben"), " ")


def test_a_draft_that_another_took_the_place_of_is_not_approved(
    alder: Contributor, shared: Collection
) -> None:
    before = described(alder, reviewer("ana"))
    alder.send(finding(revision=2, confidence=90))
    alder.work()
    with pytest.raises(DecisionRefused, match="superseded"):
        pipeline.approve(before.pk, reviewer("ben"))


def test_a_draft_that_only_its_author_may_see_is_not_there_for_a_reviewer(
    alder: Contributor, shared: Collection
) -> None:
    draft = described(alder, reviewer("ana"))
    Draft.objects.filter(pk=draft.pk).update(state=DraftState.PREPARED)
    with pytest.raises(NoSuchDraft):
        pipeline.approve(draft.pk, reviewer("ben"))


def test_an_analyst_who_is_no_reviewer_decides_nothing(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    ana = User.objects.create_user("ana")
    Person.objects.create(user=ana, roles=[Role.ANALYST])
    with pytest.raises(DecisionRefused, match="no reviewer"):
        pipeline.approve(Draft.objects.get().pk, ana)


def test_what_was_decided_is_remembered_with_the_cluster(
    alder: Contributor, shared: Collection
) -> None:
    draft = described(alder, reviewer("ana"))
    pipeline.return_draft(draft.pk, reviewer("ben"), "Say which resellers.")
    said = Remark.objects.get()
    assert (said.cluster_id, said.act, said.text) == (
        draft.cluster_id,
        Act.RETURNED,
        "Say which resellers.",
    )


def test_the_audit_log_does_not_hold_a_reason(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    pipeline.reject(Draft.objects.get().pk, reviewer("ben"), "ana@example.org is a customer.")
    event = AuditEvent.objects.get(act="rejected")
    assert "example.org" not in str(event.detail)


def test_a_remark_is_for_reviewers_and_the_author(alder: Contributor, shared: Collection) -> None:
    ana = reviewer("ana")
    draft = described(alder, ana)
    pipeline.remark(draft.pk, ana, "I asked the team.")
    with pytest.raises(NoSuchDraft):
        pipeline.remark(draft.pk, User.objects.create_user("mallory"), "Hello.")


def test_a_description_is_kept_by_later_versions(alder: Contributor, shared: Collection) -> None:
    alder.send(finding())
    alder.work()
    pipeline.describe_cluster(Cluster.objects.get().pk, reviewer("ana"), "Resellers.")
    alder.work()
    [draft] = Draft.objects.filter(state=DraftState.REVIEW)
    pipeline.approve(draft.pk, reviewer("ben"))
    alder.work()
    alder.send(finding(revision=2, confidence=90))
    alder.work()
    [campaign] = latest(shared, "campaign")
    assert campaign["description"] == "Resellers."
    assert campaign["confidence"] == 90


def test_a_stricter_marking_waits_for_a_person(alder: Contributor, shared: Collection) -> None:
    alder.send(finding(sharing={"tlp": "amber"}))
    alder.work()
    draft = Draft.objects.get()
    assert draft.state == DraftState.REVIEW
    assert any("AMBER" in reason.upper() for reason in draft.review_reasons)
