"""An analyst's submissions: what is known, the identifiers, what peers will see, and who got it."""

import csv
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.forms import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from indicators import pipeline
from indicators.detections.submissions import checking, standing
from indicators.detections.submissions.editing import (
    NoSuchSubmission,
    SubmissionRefused,
)
from indicators.detections.submissions.evidence import MOST_BYTES
from indicators.detections.submissions.pieces import Prepared
from indicators.detections.submissions.standing import Listed, Standing
from indicators.pipeline import submitting
from indicators.store.custody import ensure_own_member
from indicators.web.forms.submissions import (
    CLAIMS,
    PASTED,
    BeginForm,
    ClaimForms,
    SubmissionForm,
    UploadForm,
    initial_claims,
    initial_of,
    known_members,
    name_of,
    read_typed,
    typed,
)
from indicators.web.pages import signed_in
from indicators.web.uploading import BoundedUpload

_A_PAGE = 50
_FAULTS_SHOWN = 50
#: Of a body that is refused unread: the file, and what a form adds to it.
_MOST_BODY = MOST_BYTES + 64 * 1024
_TOO_LARGE = "The file has more than 16 MiB; submit it in parts."


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
    form = BeginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        begun = pipeline.begin_submission(signed_in(request), typed(request.POST))
        return redirect("submission-edit", begun)
    status = 422 if form.is_bound else 200
    return render(request, "web/submissions/begin.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, submission: UUID) -> HttpResponse:
    """What is told of the campaign: saved as it is typed, checked when it is to be looked at."""
    found = _standing(request, submission)
    if request.method == "POST":
        return _saved(request, submission)
    if not found.is_open:
        return redirect("submission", submission)
    data = read_typed(submitting.typed_of(submission)[0])
    return _edit_page(request, found, data, check="check" in request.GET)


@require_http_methods(["GET", "HEAD", "POST"])
def evidence(request: HttpRequest, submission: UUID) -> HttpResponse:
    """The identifiers: pasted here, or uploaded; read by a worker."""
    found = _standing(request, submission)
    if request.method == "POST":
        return _pasted(request, submission)
    if not found.is_open:
        return redirect("submission", submission)
    told, pasted = submitting.typed_of(submission)
    read = checking.checked(submission)
    shown = {
        "standing": found,
        "name": name_of(told),
        "pasted": pasted,
        "most_pasted": PASTED,
        "upload_form": UploadForm(),
        "checked": read,
        "faults": read.faults[:_FAULTS_SHOWN] if read else (),
    }
    return render(request, "web/submissions/evidence.html", shown)


@csrf_exempt
@require_POST
def upload(request: HttpRequest, submission: UUID) -> HttpResponse:
    """A table of identifiers, never on a disk unsealed: the token is checked once that is sure."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > _MOST_BODY:
        messages.error(request, _TOO_LARGE)
        return redirect("submission-evidence", submission)
    request.upload_handlers = [BoundedUpload(request)]
    return _uploaded(request, submission)


@csrf_protect
def _uploaded(request: HttpRequest, submission: UUID) -> HttpResponse:
    found = request.FILES.get("file")
    if found is None:
        messages.error(request, "There was no file, or it was empty; choose one.")
        return redirect("submission-evidence", submission)

    def act(person: User) -> str:
        size = pipeline.upload_evidence(submission, person, found.chunks())
        return f"Uploaded, {size:,} bytes. A worker reads it now."

    return _done(request, act, reverse("submission-evidence", args=[submission]))


@require_POST
def drop(request: HttpRequest, submission: UUID) -> HttpResponse:
    """Destroy what was uploaded."""

    def act(person: User) -> str:
        pipeline.drop_evidence(submission, person)
        return "The upload is destroyed."

    return _done(request, act, reverse("submission-evidence", args=[submission]))


@require_safe
def faults(request: HttpRequest, submission: UUID) -> HttpResponse:
    """The rows that are left out, as CSV: their lines and reasons, never a value."""
    _standing(request, submission)
    read = checking.checked(submission)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="rows-left-out.csv"'
    answer["Cache-Control"] = "no-store"
    table = csv.writer(answer)
    table.writerow(["in", "line", "kind", "reason"])
    for each in read.faults if read else ():
        table.writerow([each.source, each.line, each.kind, each.message])
    return answer


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
    _standing(request, submission)
    return _prepare(request, submission)


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

    return _done(request, act, reverse("submission", args=[submission]))


@require_POST
def reopen(request: HttpRequest, submission: UUID) -> HttpResponse:
    """Go on writing in what was sent."""

    def act(person: User) -> str:
        pipeline.reopen_submission(submission, person)
        return "You can write in it again. What is published stays until a new version is approved."

    return _done(request, act, reverse("submission-edit", args=[submission]))


@require_POST
def abandon(request: HttpRequest, submission: UUID) -> HttpResponse:
    """Give it up, and take back what was published of it."""

    def act(person: User) -> str:
        pipeline.abandon_submission(submission, person)
        return "Given up. Its identifiers are destroyed, and what was published is taken back."

    return _done(request, act, reverse("submissions"))


# --- Saving, preparing ---


def _saved(request: HttpRequest, submission: UUID) -> HttpResponse:
    """A script that saves by itself wants no page; a person who saves wants one."""
    act = request.POST.get("act")
    content = typed(request.POST)
    try:
        pipeline.save_submission(submission, signed_in(request), content, None)
    except SubmissionRefused as refusal:
        return _refused(request, submission, refusal, is_script=act == "autosave")
    if act == "autosave":
        return HttpResponse(status=204)
    if act == "prepare":
        return _prepare(request, submission)
    messages.success(request, "Saved.")
    return redirect("submission-edit", submission)


def _pasted(request: HttpRequest, submission: UUID) -> HttpResponse:
    act, pasted = request.POST.get("act"), request.POST.get("pasted", "")
    is_script = act == "autosave"
    if len(pasted) > PASTED:
        refusal = SubmissionRefused(f"More than {PASTED:,} characters; upload them as a file.")
        return _refused(request, submission, refusal, is_script=is_script)
    told = submitting.typed_of(submission)[0]
    text = pasted.replace("\r\n", "\n")
    try:
        pipeline.save_submission(submission, signed_in(request), told, text)
    except SubmissionRefused as refusal:
        return _refused(request, submission, refusal, is_script=is_script)
    if is_script:
        return HttpResponse(status=204)
    if act == "prepare":
        return _prepare(request, submission)
    messages.success(request, "Saved. A worker reads the identifiers now.")
    return redirect("submission-evidence", submission)


def _refused(
    request: HttpRequest, submission: UUID, refusal: SubmissionRefused, *, is_script: bool
) -> HttpResponse:
    if is_script:
        return HttpResponse(str(refusal), status=409, content_type="text/plain; charset=utf-8")
    messages.error(request, str(refusal))
    return redirect("submission", submission)


def _prepare(request: HttpRequest, submission: UUID) -> HttpResponse:
    """From what was saved; what is wrong with it is shown where it was typed."""
    data = read_typed(submitting.typed_of(submission)[0])
    prepared = _read(data)
    if prepared is None:
        return redirect(reverse("submission-edit", args=[submission]) + "?check=1")

    def act(person: User) -> str:
        pipeline.prepare_submission(submission, person, prepared)
        return "Workers make what peers will see. This page shows it when it is ready."

    return _done(request, act, reverse("submission", args=[submission]))


def _read(data: QueryDict) -> Prepared | None:
    """What was typed, as it is to be shared; None if something is wrong with it."""
    form, claims = SubmissionForm(data), ClaimForms(_with_claims(data), prefix=CLAIMS)
    if not form.is_valid() or not claims.is_valid():
        return None
    own, members = ensure_own_member(), known_members()
    named = [each for each in claims if each.cleaned_data.get("organization")]
    try:
        return form.prepared([each.claim(own, members) for each in named])
    except ValidationError:
        return None


def _edit_page(
    request: HttpRequest, found: Standing, data: QueryDict, *, check: bool
) -> HttpResponse:
    if check:
        form, claims = SubmissionForm(data), ClaimForms(_with_claims(data), prefix=CLAIMS)
        claims.is_valid()
        if form.is_valid():
            _say_rest(form)
    else:
        form = SubmissionForm(initial=initial_of(SubmissionForm, data))
        claims = ClaimForms(initial=initial_claims(data), prefix=CLAIMS)
    shown: dict[str, Any] = {
        "standing": found,
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
    return render(request, "web/submissions/edit.html", shown)


def _say_rest(form: SubmissionForm) -> None:
    """What no field is to blame for."""
    try:
        form.prepared([])
    except ValidationError as error:
        form.add_error(None, error)


def _with_claims(data: QueryDict) -> QueryDict:
    """A form that was never shown has no number of claims."""
    if f"{CLAIMS}-TOTAL_FORMS" in data:
        return data
    held = data.copy()
    held.update({f"{CLAIMS}-TOTAL_FORMS": "0", f"{CLAIMS}-INITIAL_FORMS": "0"})
    return held


# --- What all have in common ---


def _standing(request: HttpRequest, submission: UUID) -> Standing:
    try:
        return standing.read_standing(submission, signed_in(request))
    except NoSuchSubmission as absent:
        raise Http404(str(absent)) from absent


def _done(request: HttpRequest, act: Callable[[User], str], to: str) -> HttpResponse:
    """Do it and say what was done, or why not."""
    try:
        messages.success(request, act(signed_in(request)))
    except NoSuchSubmission as absent:
        raise Http404(str(absent)) from absent
    except SubmissionRefused as refusal:
        messages.error(request, str(refusal))
    return redirect(to)


def _shown(found: Standing, part: str) -> Any:
    return found.draft.preview.get(part, ()) if found.draft else ()


_PLACES = {
    "name": "Name",
    "description": "What is known",
    "as_reported": "In the source's words",
    "source_name": "Source of a claim",
    "url": "Address of a source",
    "provider": "Models",
    "model": "Models",
}


def _refusal(refused: dict[str, str]) -> dict[str, str]:
    """A place in words: the field that was typed in, as far as it is known."""
    last = refused["pointer"].rstrip("/").rpartition("/")[2]
    if refused["type"] in ("identity", "threat-actor"):
        return {**refused, "place": "Organization of a claim"}
    return {**refused, "place": _PLACES.get(last, refused["type"].replace("-", " ").capitalize())}


def _place(request: HttpRequest) -> tuple[datetime, UUID] | None:
    try:
        at = datetime.fromisoformat(request.GET.get("before", ""))
        return (at, UUID(request.GET.get("id", ""))) if at.tzinfo else None
    except ValueError:
        return None


def _following(last: Listed) -> str:
    return urlencode({"before": last.changed_at.isoformat(), "id": str(last.id)})
