"""The identifiers of a submission: pasted or uploaded, read by a worker, never shown but to who
pasted them."""

import csv
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from indicators import pipeline
from indicators.detections.submissions import checking
from indicators.detections.submissions.editing import SubmissionRefused
from indicators.detections.submissions.evidence import MOST_BYTES
from indicators.pipeline import submitting
from indicators.web.forms.submissions import PASTED, UploadForm
from indicators.web.forms.typed import name_of
from indicators.web.pages import signed_in
from indicators.web.submitting import done, make_ready, own_standing, refuse
from indicators.web.uploading import BoundedUpload

_FAULTS_SHOWN = 50
#: Of a body that is refused unread: the file, and what a form adds to it.
_MOST_BODY = MOST_BYTES + 64 * 1024
_TOO_LARGE = "The file has more than 16 MiB; submit it in parts."


@require_http_methods(["GET", "HEAD", "POST"])
def evidence(request: HttpRequest, submission: UUID) -> HttpResponse:
    """The identifiers: pasted here, or uploaded; read by a worker."""
    found = own_standing(request, submission)
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
        messages.error(request, "There was no whole file, or it was empty; choose one.")
        return redirect("submission-evidence", submission)

    def act(person: User) -> str:
        size = pipeline.upload_evidence(submission, person, found.chunks())
        return f"Uploaded, {size:,} bytes. A worker reads it now."

    return done(request, act, reverse("submission-evidence", args=[submission]))


@require_POST
def drop(request: HttpRequest, submission: UUID) -> HttpResponse:
    """Destroy what was uploaded."""

    def act(person: User) -> str:
        pipeline.drop_evidence(submission, person)
        return "The upload is destroyed."

    return done(request, act, reverse("submission-evidence", args=[submission]))


@require_safe
def faults(request: HttpRequest, submission: UUID) -> HttpResponse:
    """The rows that are left out, as CSV: their lines and reasons, never a value."""
    own_standing(request, submission)
    read = checking.checked(submission)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="rows-left-out.csv"'
    answer["Cache-Control"] = "no-store"
    table = csv.writer(answer)
    table.writerow(["in", "line", "kind", "reason"])
    for each in read.faults if read else ():
        table.writerow([each.source, each.line, each.kind, each.message])
    return answer


def _pasted(request: HttpRequest, submission: UUID) -> HttpResponse:
    act = request.POST.get("act")
    text = request.POST.get("pasted", "").replace("\r\n", "\n")
    is_script = act == "autosave"
    if len(text) > PASTED:
        refusal = SubmissionRefused(f"More than {PASTED:,} characters; upload them as a file.")
        return refuse(request, submission, refusal, is_script=is_script)
    try:
        pipeline.paste_evidence(submission, signed_in(request), text)
    except SubmissionRefused as refusal:
        return refuse(request, submission, refusal, is_script=is_script)
    if is_script:
        return HttpResponse(status=204)
    if act == "prepare":
        return make_ready(request, submission)
    messages.success(request, "Saved. A worker reads the identifiers now.")
    return redirect("submission-evidence", submission)
