"""Referral packs: made of a campaign, looked at before they go, approved by two, taken and sent."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from indicators.catalog.naming import named
from indicators.models import Recipient, Role
from indicators.people.roles import roles_of
from indicators.pipeline import referring
from indicators.referrals.errors import NoSuchCampaign, ReferralError
from indicators.referrals.looking import listed, opened, permissions_of
from indicators.referrals.making import Selection, select
from indicators.referrals.report import report
from indicators.web.acting import refuse_form
from indicators.web.forms.referrals import (
    ForRecipient,
    PermissionForm,
    ReasonForm,
    ReferralFilter,
    SentForm,
    WordsForm,
)
from indicators.web.pages import signed_in

_APPROVED_ONCE = "Approved. One more person has to approve it."
_SIGNED = "Approved by two: the pack is signed and may be taken to its recipient."


@require_safe
def referrals(request: HttpRequest) -> HttpResponse:
    """Every pack, the newest first."""
    form = ReferralFilter(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    at, last = asked.get("at"), asked.get("before")
    before = (at, last) if at and last else None
    found = listed(asked.get("state", ""), asked.get("campaign", ""), before)
    return render(request, "web/referrals/list.html", {"form": form, "page": found})


@require_safe
def referral(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is in a pack and what is not, who approved it, and what can be done now."""
    by = signed_in(request)
    found = opened(pk, by, reviews=Role.REVIEWER in roles_of(by))
    if found is None:
        raise Http404("There is no such referral.")
    context = {
        "opened": found,
        "report": report(found.content),
        "withdraw": ReasonForm(),
        "sent": SentForm(initial={"to": found.row.recipient.address}),
        "takes": bool(roles_of(by) & {Role.ANALYST, Role.REVIEWER}),
    }
    return render(request, "web/referrals/referral.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, stix_id: str) -> HttpResponse:
    """Choose a recipient; see what it would get and what not; write what goes with it."""
    campaign = named([stix_id]).get(stix_id)
    if campaign is None:
        raise Http404("There is no such campaign here.")
    chosen = ForRecipient(request.POST if request.method == "POST" else request.GET or None)
    recipient = chosen.cleaned_data["recipient"] if chosen.is_valid() else None
    form = WordsForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and recipient and form.is_valid():
        try:
            made = referring.refer(stix_id, recipient, form.words(), signed_in(request))
        except ReferralError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Made. Two others have to approve it before it may go.")
            return redirect("referral", made)
    context = {"stix_id": stix_id, "chosen": chosen, "recipient": recipient, "form": form}
    context |= {"name": campaign.name, **_prospect(stix_id, recipient)}
    return render(request, "web/referrals/new.html", context)


def _prospect(stix_id: str, recipient: Recipient | None) -> dict[str, Any]:
    """What the recipient would get today."""
    if recipient is None:
        return {"recipients": Recipient.objects.exists()}
    try:
        selection = select(stix_id, recipient)
    except NoSuchCampaign as error:
        raise Http404(str(error)) from error
    return {
        "selection": selection,
        "refused": _refused(selection),
        "permissions": permissions_of(stix_id, recipient),
        "permission": PermissionForm(originators=_originators(selection)),
    }


def _refused(selection: Selection) -> str:
    """Why the campaign itself may not go, "" if it may."""
    campaign = selection.gathered.campaign
    return next((reason for each, reason in selection.excluded if each is campaign), "")


def _originators(selection: Selection) -> set[str]:
    known = [each for each, _ in selection.excluded] + list(selection.may_go)
    return {each.candidate.originator for each in known}


@require_POST
def permit(request: HttpRequest, stix_id: str) -> HttpResponse:
    """Write an originator's permission down."""
    chosen = ForRecipient(request.POST)
    if not chosen.is_valid():
        raise Http404("There is no such recipient.")
    recipient = chosen.cleaned_data["recipient"]
    try:
        originators = _originators(select(stix_id, recipient))
    except NoSuchCampaign as error:
        raise Http404(str(error)) from error
    form = PermissionForm(request.POST, originators=originators)
    if form.is_valid():
        given, by = form.cleaned_data, signed_in(request)
        _tried(
            request,
            lambda: referring.permit(stix_id, given["originator"], recipient, given["words"], by),
            "Written down. Its objects may go to this recipient now.",
        )
    else:
        refuse_form(request, form)
    return redirect(f"{reverse('referral-new', args=[stix_id])}?recipient={recipient.pk}")


@require_POST
def end_permission(request: HttpRequest, pk: int) -> HttpResponse:
    """An originator no longer permits it."""
    try:
        ended = referring.end_permission(pk, signed_in(request))
    except ReferralError as error:
        raise Http404(str(error)) from error
    messages.success(request, "Ended. What was not sent yet is checked again before it goes.")
    target = reverse("referral-new", args=[ended.campaign])
    return redirect(f"{target}?recipient={ended.recipient_id}")


@require_POST
def approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One of the two approvals."""
    try:
        state = referring.approve(pk, signed_in(request))
    except ReferralError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _SIGNED if state == "approved" else _APPROVED_ONCE)
    return redirect("referral", pk)


@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give it up."""
    form, by = ReasonForm(request.POST), signed_in(request)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        _tried(request, lambda: referring.withdraw(pk, by, reason), "Withdrawn.")
    else:
        refuse_form(request, form)
    return redirect("referral", pk)


@require_POST
def sent(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Write down that it was handed over."""
    form, by = SentForm(request.POST), signed_in(request)
    if form.is_valid():
        to = form.cleaned_data["to"]
        _tried(request, lambda: referring.mark_sent(pk, by, to), "Written down.")
    else:
        refuse_form(request, form)
    return redirect("referral", pk)


@require_POST
def download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The pack as a ZIP; each object in it is in the audit log."""
    try:
        body = referring.take(pk, signed_in(request))
    except ReferralError as error:
        messages.error(request, str(error))
        return redirect("referral", pk)
    response = HttpResponse(body, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="referral-{pk}.zip"'
    response["Cache-Control"] = "no-store"
    return response


def _tried(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    """The act, and a message of what came of it."""
    try:
        act()
    except ReferralError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
