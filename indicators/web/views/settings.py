"""Settings: the node itself, its API clients, its detectors, its allow list."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from indicators.detections.drafts.policy import MAX_RATE, upper_bound
from indicators.detections.identifiers import allowlist
from indicators.models import Credential, Detector, ErrandKind, Policy, Scope, Sector
from indicators.pipeline import errands
from indicators.pipeline.administration import allowing, clients, organizations
from indicators.pipeline.administration import detectors as administration
from indicators.pipeline.administration.allowing import Unreadable
from indicators.pipeline.administration.node import NodeFacts, node_facts
from indicators.web.acting import (
    REFUSALS,
    attempt,
    back,
    refuse_form,
    sentence,
    status_of,
    whole_address,
)
from indicators.web.forms import settings as forms
from indicators.web.forms.fields import moment
from indicators.web.keyset import Page
from indicators.web.pages import signed_in

_FORM = ["GET", "HEAD", "POST"]


@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """What this node is: its identity, its keys, what it keeps and how long."""
    facts = node_facts()
    shown = {"facts": facts, "organization": forms.Organization(initial=_own(facts))}
    return render(request, "web/settings/settings.html", shown)


@require_POST
def organization(request: HttpRequest) -> HttpResponse:
    """Say whose node this is."""
    form = forms.Organization(request.POST)
    if not form.is_valid():
        refuse_form(request, form)
        return back(request, "settings")
    said = form.cleaned_data

    def act() -> str:
        actor = signed_in(request).get_username()
        organizations.describe_own(said["name"], Sector(said["sector"]), actor)
        return f"This node belongs to {said['name']}."

    attempt(request, act)
    return back(request, "settings")


def _own(facts: NodeFacts) -> dict[str, str]:
    own = facts.own
    return {"name": own.name, "sector": own.sector} if own else {}


# --- API clients ---------------------------------------------------------------------------------


@require_safe
def api_clients(request: HttpRequest) -> HttpResponse:
    """Programs that may knock."""
    found = Credential.objects.select_related("member", "detector").order_by("name")
    return render(request, "web/settings/clients.html", {"clients": found})


@require_http_methods(_FORM)
def new_client(request: HttpRequest) -> HttpResponse:
    """A new API key: this answer shows it, and no other ever will."""
    form = forms.NewClient(request.POST or None, initial=_for_detector(request))
    if request.method == "POST" and form.is_valid():
        actor, said = signed_in(request).get_username(), form.cleaned_data
        try:
            made, key = clients.create_client(said["member"], said["name"], form.terms(), actor)
        except REFUSALS as refusal:
            form.add_error(None, sentence(refusal))
        else:
            return _shown_once(request, made, key)
    return render(request, "web/settings/new_client.html", {"form": form}, status=status_of(form))


def _for_detector(request: HttpRequest) -> dict[str, Any]:
    """What a detector's client begins with, if the link names one."""
    named = request.GET.get("detector", "")
    # An address may hold what PostgreSQL takes for no text.
    known = Detector.objects.filter(name=named) if named.isprintable() else Detector.objects.none()
    detector = known.first()
    if detector is None:
        return {}
    return {
        "name": detector.name,
        "detector": detector,
        "scopes": [Scope.INGEST, Scope.FEEDBACK],
    }


def _shown_once(request: HttpRequest, credential: Credential, key: str) -> HttpResponse:
    """Not after a redirect: the key would have to be kept somewhere until then."""
    shown = {
        "client": credential,
        "key": key,
        "sends": Scope.INGEST in credential.scopes,
        "detections": whole_address(request, "/ingest/v1/detections"),
        "taxii": whole_address(request, "/taxii2/"),
        "next": request.POST.get("next", ""),
    }
    answer = render(request, "web/settings/key.html", shown)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def revoke_client(request: HttpRequest, number: UUID) -> HttpResponse:
    """It opens nothing from now on."""
    found = get_object_or_404(Credential.objects.select_related("member"), pk=number)

    def act() -> str:
        clients.revoke_client(found, signed_in(request).get_username())
        return f"{found.name} opens nothing any more."

    attempt(request, act)
    return redirect("clients")


# --- Detectors -----------------------------------------------------------------------------------


@require_safe
def detectors(request: HttpRequest) -> HttpResponse:
    """The services that find campaigns, and how far each is trusted."""
    found = Detector.objects.select_related("collection")
    rows = [(each, _bound(each)) for each in found]
    return render(request, "web/settings/detectors.html", {"rows": rows, "most": MAX_RATE})


@require_http_methods(_FORM)
def new_detector(request: HttpRequest) -> HttpResponse:
    """Register a detector; its client's key comes next."""
    form = forms.NewDetector(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor = signed_in(request).get_username()
        try:
            made = administration.add_detector(actor, **form.cleaned_data)
        except REFUSALS as refusal:
            form.add_error(None, sentence(refusal))
        else:
            return back(request, "detector", made.pk)
    return render(request, "web/settings/new_detector.html", {"form": form}, status=status_of(form))


@require_http_methods(_FORM)
def detector(request: HttpRequest, number: UUID) -> HttpResponse:
    """What becomes of its findings, and its record."""
    found = get_object_or_404(Detector.objects.select_related("collection"), pk=number)
    names = forms.DetectorForm.base_fields
    began = {name: getattr(found, name) for name in names}
    form = forms.DetectorForm(request.POST or None, initial=began)
    if request.method == "POST" and form.is_valid():
        actor = signed_in(request).get_username()
        try:
            administration.change_detector(found, actor, **form.cleaned_data)
        except REFUSALS as refusal:
            form.add_error(None, sentence(refusal))
        else:
            return redirect("detector", number)
    shown = {
        "detector": found,
        "form": form,
        "bound": _bound(found),
        "most": MAX_RATE,
        "clients": Credential.objects.filter(detector=found, revoked_at=None).order_by("name"),
        "is_demoted": found.demoted_at is not None and found.policy == Policy.REVIEW,
    }
    return render(request, "web/settings/detector.html", shown, status=status_of(form))


@require_POST
def trust_detector(request: HttpRequest, number: UUID) -> HttpResponse:
    """After a demotion: it publishes by itself again, and its count begins anew."""
    found = get_object_or_404(Detector, pk=number)

    def act() -> str:
        actor = signed_in(request).get_username()
        administration.change_detector(found, actor, policy=Policy.PUBLISH)
        return f"{found.name} publishes by itself again; its count begins anew."

    attempt(request, act)
    return redirect("detector", number)


def _bound(detector: Detector) -> float | None:
    """The highest rate that its record leaves possible, at 95 % confidence; None without one."""
    if not detector.reviewed_count:
        return None
    return upper_bound(detector.false_positive_count, detector.reviewed_count)


# --- The allow list ------------------------------------------------------------------------------


@require_http_methods(_FORM)
def allow_list(request: HttpRequest) -> HttpResponse:
    """Whose identifiers are never shared and never matched: kinds and reasons, never values."""
    form = forms.AllowForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _allow(request, form):
        return redirect("allow-list")
    rows, more = allowing.entries(_before(request))
    older = f"before={rows[-1].added_at.isoformat()}/{rows[-1].pk}" if more else ""
    page = Page(rows, "", older.replace("+", "%2B"))
    shown = {"form": form, "page": page, "applied": errands.newest(ErrandKind.WITHHOLD)}
    answer = render(request, "web/settings/allow_list.html", shown, status=status_of(form))
    answer["Cache-Control"] = "no-store"
    return answer


def _allow(request: HttpRequest, form: forms.AllowForm) -> bool:
    """Put the lines on the list, or say at the form which of them are at fault."""
    said = form.cleaned_data
    try:
        added, lines = allowing.allow(
            said["lines"],
            said["kind"],
            reason=said["reason"],
            region=said["region"] or None,
            actor=signed_in(request).get_username(),
        )
    except Unreadable as refusal:
        for fault in refusal.faults:
            form.add_error("lines", fault)
        return False
    messages.success(request, f"{added:,} of {lines:,} lines are new on the list.")
    return True


@require_POST
def disallow(request: HttpRequest, number: UUID) -> HttpResponse:
    """Take an entry off the list."""

    def act() -> str:
        allowlist.remove(number, actor=signed_in(request).get_username())
        return "The entry is off the list."

    attempt(request, act)
    return redirect("allow-list")


@require_POST
def apply_allow_list(request: HttpRequest) -> HttpResponse:
    """Take back the tokens of accounts that are on it by now; a worker goes through them."""
    asked = errands.ask(ErrandKind.WITHHOLD, signed_in(request).get_username())
    return redirect(reverse("allow-list") + f"#errand-{asked.pk}")


def _before(request: HttpRequest) -> tuple[datetime, UUID] | None:
    at, _, entry = request.GET.get("before", "").partition("/")
    try:
        return moment(at), UUID(entry)
    except ValueError:
        return None
