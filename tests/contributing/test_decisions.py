"""Who decides on a draft, and what becomes of it."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from federation import signing
from indicators import pipeline
from indicators.detections.drafts.decisions import DecisionRefused
from indicators.models import (
    Cluster,
    Collection,
    Detection,
    Draft,
    DraftState,
    Policy,
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
