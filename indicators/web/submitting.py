"""What the pages of submissions have in common: whose they are, what they come to, how acts end."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.forms import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from indicators import pipeline
from indicators.detections.submissions import standing
from indicators.detections.submissions.editing import NoSuchSubmission, SubmissionRefused
from indicators.detections.submissions.pieces import Prepared
from indicators.detections.submissions.standing import Standing
from indicators.pipeline import submitting
from indicators.store.custody import ensure_own_member
from indicators.web.forms.claims import CLAIMS, ClaimForms, known_members
from indicators.web.forms.submissions import SubmissionForm
from indicators.web.forms.typed import read_typed
from indicators.web.pages import signed_in


def own_standing(request: HttpRequest, submission: UUID) -> Standing:
    try:
        return standing.read_standing(submission, signed_in(request))
    except NoSuchSubmission as absent:
        raise Http404(str(absent)) from absent


def done(request: HttpRequest, act: Callable[[User], str], to: str) -> HttpResponse:
    """Do it and say what was done, or why not."""
    try:
        messages.success(request, act(signed_in(request)))
    except NoSuchSubmission as absent:
        raise Http404(str(absent)) from absent
    except SubmissionRefused as refusal:
        messages.error(request, str(refusal))
    return redirect(to)


def make_ready(request: HttpRequest, submission: UUID) -> HttpResponse:
    """From what was saved; what is wrong with it is shown where it was typed."""
    data = read_typed(submitting.typed_of(submission)[0])
    prepared = read_prepared(data)
    if prepared is None:
        return redirect(reverse("submission-edit", args=[submission]) + "?check=1")

    def act(person: User) -> str:
        pipeline.prepare_submission(submission, person, prepared)
        return "Workers make what peers will see. This page shows it when it is ready."

    return done(request, act, reverse("submission", args=[submission]))


def read_prepared(data: QueryDict) -> Prepared | None:
    """What was typed, as it is to be shared; None if something is wrong with it."""
    form, claims = SubmissionForm(data), ClaimForms(with_claims(data), prefix=CLAIMS)
    if not form.is_valid() or not claims.is_valid():
        return None
    own, members = ensure_own_member(), known_members()
    named = [each for each in claims if each.cleaned_data.get("organization")]
    try:
        return form.prepared([each.claim(own, members) for each in named])
    except ValidationError:
        return None


def with_claims(data: QueryDict) -> QueryDict:
    """A form that was never shown has no number of claims."""
    if f"{CLAIMS}-TOTAL_FORMS" in data:
        return data
    held = data.copy()
    held.update({f"{CLAIMS}-TOTAL_FORMS": "0", f"{CLAIMS}-INITIAL_FORMS": "0"})
    return held


def refuse(
    request: HttpRequest, submission: UUID, refusal: SubmissionRefused, *, is_script: bool
) -> HttpResponse:
    if is_script:
        return HttpResponse(str(refusal), status=409, content_type="text/plain; charset=utf-8")
    messages.error(request, str(refusal))
    return redirect("submission", submission)
