"""What leaves this node is looked at here by a second person."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from indicators import pipeline
from indicators.detections.drafts.decisions import DecisionRefused, NoSuchDraft
from indicators.pipeline.desk import reviewing
from indicators.web.forms.reviews import DecisionForm, RemarkForm, chosen, place
from indicators.web.pages import signed_in


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for this person, the longest first; their own apart."""
    found = reviewing.read_queue(signed_in(request), place(request.GET))
    following = ""
    if found.next is not None:
        since, after = found.next
        following = urlencode({"since": since.isoformat(), "after": after})
    shown = {"queue": found, "following": following, "is_first": "after" not in request.GET}
    return render(request, "web/reviews/queue.html", shown)


@require_safe
def review(request: HttpRequest, draft: UUID) -> HttpResponse:
    """One draft: what it says and changes, what stays, who gets it."""
    return _page(request, draft, DecisionForm(), RemarkForm())


@require_POST
def decide(request: HttpRequest, draft: UUID) -> HttpResponse:
    """Approve, ask for changes, or reject the draft that the address names, and no other."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, draft, form, RemarkForm(), status=422)
    person = signed_in(request)
    try:
        said = _decide(draft, person, form.cleaned_data)
    except NoSuchDraft as absent:
        raise Http404(str(absent)) from absent
    except DecisionRefused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, draft, form, RemarkForm(), status=409)
    messages.success(request, said)
    following = reviewing.next_to_review(person)
    return redirect(reverse("review", args=[following]) if following else reverse("reviews"))


@require_POST
def remark(request: HttpRequest, draft: UUID) -> HttpResponse:
    """Say something of a draft."""
    form = RemarkForm(request.POST)
    if not form.is_valid():
        return _page(request, draft, DecisionForm(), form, status=422)
    try:
        pipeline.remark(draft, signed_in(request), form.cleaned_data["text"])
    except NoSuchDraft as absent:
        raise Http404(str(absent)) from absent
    return redirect(reverse("review", args=[draft]) + "#discussion")


def _decide(draft: UUID, person: User, told: Mapping[str, str]) -> str:
    decision, reason = told["decision"], told["reason"]
    if decision == DecisionForm.APPROVE:
        pipeline.approve(draft, person, reason, readers=told["readers"])
        return "Approved. Workers sign and publish it now."
    if decision == DecisionForm.RETURN:
        pipeline.return_draft(draft, person, reason)
        return "It went back to its author, with your words."
    pipeline.reject(draft, person, reason)
    return "Rejected. Nothing of it is shared."


def _page(
    request: HttpRequest, draft: UUID, form: DecisionForm, remarks: RemarkForm, status: int = 200
) -> HttpResponse:
    try:
        found = reviewing.read_review(draft, signed_in(request), chosen(request.GET))
    except NoSuchDraft as absent:
        raise Http404(str(absent)) from absent
    shown = {
        "review": found,
        "draft": found.draft,
        "form": form,
        "remark_form": remarks,
        "newer": _page_query(found, -1),
        "older": _page_query(found, 1),
    }
    return render(request, "web/reviews/review.html", shown, status=status)


def _page_query(found: reviewing.Review, step: int) -> str:
    page = found.chosen.page + step
    if not 1 <= page <= found.pages:
        return ""
    return urlencode({"type": found.chosen.type, "change": found.chosen.change, "page": page})
