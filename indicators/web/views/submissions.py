"""An analyst's submissions: what is known, the identifiers, what peers will see, and who got it."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.models import User
from django.forms import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from indicators import pipeline
from indicators.detections.submissions import standing
from indicators.detections.submissions.editing import (
    NoSuchSubmission,
    SubmissionRefused,
)
from indicators.detections.submissions.standing import Listed, Standing
from indicators.pipeline import submitting
from indicators.web.forms.claims import CLAIMS, ClaimForms, known_members
from indicators.web.forms.fields import moment
from indicators.web.forms.submissions import BeginForm, SubmissionForm
from indicators.web.forms.typed import (
    initial_claims,
    initial_of,
    knows,
    name_of,
    read_typed,
    typed,
    version_of,
)
from indicators.web.pages import signed_in
from indicators.web.submitting import done, make_ready, own_standing, refuse, with_claims

_A_PAGE = 50


@require_safe
def submissions(request: HttpRequest) -> HttpResponse:
    """A person's own submissions, the last changed first."""
    found = standing.submissions_of(signed_in(request), _place(request), limit=_A_PAGE + 1)
    rows = found[:_A_PAGE]
    shown = {
        "rows": [{"submission": each, "name": name_of(each.typed)} for each in rows],
        "older": _following(rows[-1]) if len(found) > _A_PAGE else "",
    }
    return render(request, "web/submissions/submissions.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """A new submission, by a name to begin with."""
    form = BeginForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        begun = pipeline.begin_submission(signed_in(request), typed(request.POST))
        return redirect("submission-edit", begun)
    status = 422 if form.is_bound else 200
    return render(request, "web/submissions/begin.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, submission: UUID) -> HttpResponse:
    """What is told of the campaign: saved as it is typed, checked when it is to be looked at."""
    found = own_standing(request, submission)
    if request.method == "POST":
        return _saved(request, submission)
    if not found.is_open:
        return redirect("submission", submission)
    held = submitting.typed_of(submission)[0]
    return _edit_page(request, found, held, read_typed(held), check="check" in request.GET)


@require_safe
def preview(request: HttpRequest, submission: UUID) -> HttpResponse:
    """What peers will see, who they are, and what became of it."""
    page = request.GET.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1
    try:
        found = submitting.read_preview(submission, signed_in(request), number)
    except NoSuchSubmission as absent:
        raise Http404(str(absent)) from absent
    shown = {
        "preview": found,
        "standing": found.standing,
        "draft": found.standing.draft,
        "name": name_of(submitting.typed_of(submission)[0]),
        "refused": [_refusal(each) for each in _shown(found.standing, "refused")],
        "tokenized": _shown(found.standing, "tokenized"),
        "withheld": _shown(found.standing, "withheld"),
        "newer": urlencode({"page": found.page - 1}) if found.page > 1 else "",
        "older": urlencode({"page": found.page + 1}) if found.page < found.pages else "",
    }
    return render(request, "web/submissions/preview.html", shown)


@require_POST
def prepare(request: HttpRequest, submission: UUID) -> HttpResponse:
    """Have workers make what peers will see of what was saved."""
    own_standing(request, submission)
    return make_ready(request, submission)


@require_POST
def send(request: HttpRequest, submission: UUID) -> HttpResponse:
    """Ask for review of the version that this person looked at."""
    try:
        draft = UUID(request.POST.get("draft", ""))
    except ValueError:
        raise Http404("There is no such draft.") from None

    def act(person: User) -> str:
        pipeline.send_submission(submission, person, draft)
        return "Sent. Another person reads it before anything leaves."

    return done(request, act, reverse("submission", args=[submission]))


@require_POST
def reopen(request: HttpRequest, submission: UUID) -> HttpResponse:
    """Go on writing in what was sent."""

    def act(person: User) -> str:
        pipeline.reopen_submission(submission, person)
        return "You can write in it again. What is published stays until a new version is approved."

    return done(request, act, reverse("submission-edit", args=[submission]))


@require_POST
def abandon(request: HttpRequest, submission: UUID) -> HttpResponse:
    """Give it up, and take back what was published of it."""

    def act(person: User) -> str:
        pipeline.abandon_submission(submission, person)
        return "Given up. Its identifiers are destroyed, and what was published is taken back."

    return done(request, act, reverse("submissions"))


# --- Saving, preparing ---


def _saved(request: HttpRequest, submission: UUID) -> HttpResponse:
    """A script that saves by itself wants no page; a person who saves wants one."""
    act = request.POST.get("act")
    content = typed(request.POST)
    try:
        pipeline.save_submission(submission, signed_in(request), content, knows(request.POST))
    except SubmissionRefused as refusal:
        if act == "autosave":
            return refuse(request, submission, refusal, is_script=True)
        return _unsaved(request, submission, refusal)
    if act == "autosave":
        return HttpResponse(status=204)
    if act == "prepare":
        return make_ready(request, submission)
    messages.success(request, "Saved.")
    return redirect("submission-edit", submission)


def _unsaved(request: HttpRequest, submission: UUID, refusal: SubmissionRefused) -> HttpResponse:
    """What was typed is shown again, so that nothing of it is lost."""
    messages.error(request, str(refusal))
    held = submitting.typed_of(submission)[0]
    found = own_standing(request, submission)
    return _edit_page(request, found, held, request.POST, check=False, status=409)


def _edit_page(
    request: HttpRequest,
    found: Standing,
    held: bytes,
    data: QueryDict,
    *,
    check: bool,
    status: int = 200,
) -> HttpResponse:
    if check:
        form, claims = SubmissionForm(data), ClaimForms(with_claims(data), prefix=CLAIMS)
        claims.is_valid()
        if form.is_valid():
            _say_rest(form)
    else:
        form = SubmissionForm(initial=initial_of(SubmissionForm, data))
        claims = ClaimForms(initial=initial_claims(data), prefix=CLAIMS)
    shown: dict[str, Any] = {
        "standing": found,
        "page": uuid4(),
        "shown": version_of(held),
        "name": data.get("name", ""),
        "form": form,
        "claims": claims,
        "members": [each.name for each in known_members().values()],
        "is_checked": check,
        "counts": [
            (form[name], form[f"{name}_qualifier"], form[f"{name}_as_reported"])
            for name in ("interaction_count", "account_count", "output_token_count")
        ],
    }
    return render(request, "web/submissions/edit.html", shown, status=status)


def _say_rest(form: SubmissionForm) -> None:
    """What no field is to blame for."""
    try:
        form.prepared([])
    except ValidationError as error:
        form.add_error(None, error)


# --- What all have in common ---


def _shown(found: Standing, part: str) -> Any:
    return found.draft.preview.get(part, ()) if found.draft else ()


_PLACES = {
    "name": "Name",
    "description": "What is known",
    "as_reported": "As reported",
    "provider": "Models",
    "model": "Models",
}
_OF_CLAIMS = {
    "identity": "Organization of a claim",
    "threat-actor": "Organization of a claim",
    "relationship": "Source of a claim",
}


def _refusal(refused: dict[str, str]) -> dict[str, str]:
    """A place in words: the field that was typed in, as far as it is known."""
    last = refused["pointer"].rstrip("/").rpartition("/")[2]
    if refused["type"] in _OF_CLAIMS:
        return {**refused, "place": _OF_CLAIMS[refused["type"]]}
    return {**refused, "place": _PLACES.get(last, refused["type"].replace("-", " ").capitalize())}


def _place(request: HttpRequest) -> tuple[datetime, UUID] | None:
    try:
        return moment(request.GET.get("before", "")), UUID(request.GET.get("id", ""))
    except ValueError:
        return None


def _following(last: Listed) -> str:
    return urlencode({"before": last.changed_at.isoformat(), "id": str(last.id)})
