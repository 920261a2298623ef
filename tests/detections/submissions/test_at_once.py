"""An author and two reviewers act on one submission at the same moment, on real connections."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from indicators import pipeline
from indicators.detections.errors import DetectionError
from indicators.models import DraftState, Remark, SubmissionState
from tests.detections.submissions.author import Author, person
from tests.store.witness import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ben(db: None) -> User:
    return person("ben", "reviewer")


@pytest.fixture
def sent(ana: Author) -> Author:
    ana.prepare(name="Long winter")
    ana.send()
    return ana


def tried(act: Callable[[], None]) -> Callable[[], bool]:
    """An act, and whether it was allowed."""

    def attempt() -> bool:
        try:
            act()
        except DetectionError:
            return False
        return True

    return attempt


def test_of_two_decisions_at_once_one_holds(sent: Author, rae: User, ben: User) -> None:
    draft = sent.draft.pk
    allowed = together(
        tried(lambda: pipeline.approve(draft, rae)),
        tried(lambda: pipeline.return_draft(draft, ben, "Say which model.")),
    )
    assert sorted(allowed) == [False, True]
    by_state = {DraftState.APPROVED: "rae", DraftState.RETURNED: "ben"}
    [said] = Remark.objects.all()
    assert said.author.get_username() == by_state[DraftState(sent.draft.state)]


def test_of_two_approvals_at_once_one_is_written_down(sent: Author, rae: User, ben: User) -> None:
    draft = sent.draft.pk
    works = [tried(lambda person=each: pipeline.approve(draft, person)) for each in (rae, ben)]  # type: ignore[misc]
    assert sorted(together(*works)) == [False, True]


def test_what_is_approved_is_not_taken_back_at_the_same_moment(sent: Author, rae: User) -> None:
    draft = sent.draft.pk
    [approved, reopened] = together(
        tried(lambda: pipeline.approve(draft, rae)),
        tried(lambda: pipeline.reopen_submission(sent.id, sent.user)),
    )
    assert approved != reopened
    assert (sent.draft.state == DraftState.APPROVED) == approved
    assert (sent.submission.state == SubmissionState.SENT) == approved


def test_what_is_given_up_while_it_is_returned_stays_given_up(sent: Author, rae: User) -> None:
    draft = sent.draft.pk
    together(
        tried(lambda: pipeline.return_draft(draft, rae, "Say which model.")),
        tried(lambda: pipeline.abandon_submission(sent.id, sent.user)),
    )
    assert sent.submission.state == SubmissionState.ABANDONED
