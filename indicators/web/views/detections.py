"""The private side: what this node's detectors found. What is shared of it is another page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from indicators import pipeline
from indicators.detections import listing
from indicators.detections.errors import DetectionError, NotHeld
from indicators.detections.found import stopped as read_stopped
from indicators.detections.identifiers.showing import MOST as SHOWN_AT_ONCE
from indicators.detections.identifiers.showing import show
from indicators.detections.listing import Bounds
from indicators.models import Verdict
from indicators.pipeline.desk import detected
from indicators.web import keyset
from indicators.web.charts import spark
from indicators.web.forms.detections import (
    ClustersForm,
    DescribeForm,
    FindingsForm,
    ShowForm,
    VerdictForm,
)
from indicators.web.pages import signed_in

_PAGE = 50
_WINDOWS = 60


@require_safe
def findings(request: HttpRequest) -> HttpResponse:
    """What detectors found, by detector and state, the newest first."""
    detectors = listing.detectors()
    form = FindingsForm(request.GET, detectors=detectors)
    bounds = _bounds(request)
    rows = listing.findings(form.detectors, form.stages, bounds, _PAGE + 1)
    shown = {"form": form, "detectors": detectors, "page": _page(request, rows, bounds)}
    return render(request, "web/detections/findings.html", shown)


@require_safe
def clusters(request: HttpRequest) -> HttpResponse:
    """The clusters that findings tell of, by detector, the newest first."""
    form = ClustersForm(request.GET, detectors=listing.detectors())
    bounds = _bounds(request)
    rows = listing.clusters(form.detectors, form.is_open, bounds, _PAGE + 1)
    shown = {"form": form, "page": _page(request, rows, bounds)}
    return render(request, "web/detections/clusters.html", shown)


@require_safe
def stopped(request: HttpRequest) -> HttpResponse:
    """What stopped on its way out, and why."""
    return render(request, "web/detections/stopped.html", {"stopped": read_stopped()})


@require_POST
def retry(request: HttpRequest) -> HttpResponse:
    """Send again what failed: everything, or what was chosen."""
    chosen = [_uuid(each) for each in request.POST.getlist("ids")[: _PAGE * 4]]
    ids = None if request.POST.get("all") else [each for each in chosen if each is not None]
    if ids == []:
        messages.warning(request, "Choose what to send again.")
        return redirect("detections-stopped")
    count = detected.send_again(signed_in(request), ids)
    messages.success(request, f"{count} sent again. Workers look at it now.")
    return redirect("detections-stopped")


@require_safe
def cluster(request: HttpRequest, number: int) -> HttpResponse:
    """One cluster: facts, findings, drafts, matches, and what people said of it."""
    return _cluster_page(request, number)


@require_POST
def judge(request: HttpRequest, number: int) -> HttpResponse:
    """A verdict on findings of a cluster."""
    page = _read_cluster(request, number)
    form = VerdictForm(request.POST, findings=[each.uuid for each in page.cluster.findings])
    if not form.is_valid():
        return _cluster_page(request, number, verdict_form=form, status=422)
    told = form.cleaned_data
    chosen = [UUID(each) for each in told["findings"]]
    person = signed_in(request)
    try:
        detected.judge(chosen, Verdict(told["verdict"]), person, told["reason"])
    except DetectionError as refusal:
        form.add_error(None, str(refusal))
        return _cluster_page(request, number, verdict_form=form, status=409)
    messages.success(request, "Noted. What it changes of what is shared is drafted now.")
    return redirect("cluster", number)


@require_POST
def describe(request: HttpRequest, number: int) -> HttpResponse:
    """Words for peers; another person approves them."""
    form = DescribeForm(request.POST)
    if not form.is_valid():
        return _cluster_page(request, number, describe_form=form, status=422)
    try:
        pipeline.describe_cluster(number, signed_in(request), form.cleaned_data["text"])
    except DetectionError as refusal:
        form.add_error(None, str(refusal))
        return _cluster_page(request, number, describe_form=form, status=409)
    messages.success(request, "Kept. A draft with your words goes to another person.")
    return redirect("cluster", number)


@require_safe
def detection(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One finding, without identifiers."""
    return _detection_page(request, uuid)


@never_cache
@require_POST
def show_identifiers(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Identifiers, a hundred accounts at a look, for whoever says why. Nothing may keep the answer.

    The answer to the POST itself: an address that shows identifiers must not exist.
    """
    form = ShowForm(request.POST)
    if not form.is_valid():
        return _detection_page(request, uuid, show_form=form, status=422)
    after, reason = form.cleaned_data["after"], form.cleaned_data["reason"]
    _read_detection(request, uuid)
    try:
        shown = show(uuid, signed_in(request), reason, -1 if after is None else after)
    except DetectionError as refusal:
        form.add_error(None, str(refusal))
        return _detection_page(request, uuid, show_form=form, status=409)
    told = {"uuid": uuid, "shown": shown, "reason": reason, "most": SHOWN_AT_ONCE}
    return render(request, "web/detections/identifiers.html", told)


def _cluster_page(
    request: HttpRequest,
    number: int,
    *,
    verdict_form: VerdictForm | None = None,
    describe_form: DescribeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    page = _read_cluster(request, number)
    listed = [each.uuid for each in page.cluster.findings]
    windows = sorted(page.windows, key=lambda each: each.start)[-_WINDOWS:]
    requests = [each.request_count for each in windows]
    following = page.cluster.following
    shown = {
        "page": page,
        "cluster": page.cluster,
        "chart": spark(requests, label="Requests a window") if requests else "",
        "windows": windows,
        "verdict_form": verdict_form or VerdictForm(findings=listed),
        "describe_form": describe_form or DescribeForm(initial={"text": page.cluster.description}),
        "older": f"before={following}" if following else "",
    }
    return render(request, "web/detections/cluster.html", shown, status=status)


def _detection_page(
    request: HttpRequest, uuid: UUID, *, show_form: ShowForm | None = None, status: int = 200
) -> HttpResponse:
    page = _read_detection(request, uuid)
    shown = {"page": page, "found": page.found, "show_form": show_form or ShowForm()}
    return render(request, "web/detections/detection.html", shown, status=status)


def _read_cluster(request: HttpRequest, number: int) -> detected.ClusterPage:
    try:
        return detected.cluster_page(number, signed_in(request), keyset.asked(request, "before"))
    except NotHeld as absent:
        raise Http404(str(absent)) from absent


def _read_detection(request: HttpRequest, uuid: UUID) -> detected.DetectionPage:
    try:
        return detected.detection_page(uuid, signed_in(request))
    except NotHeld as absent:
        raise Http404(str(absent)) from absent


# --- Pages of lists ---


def _bounds(request: HttpRequest) -> Bounds:
    above = keyset.asked(request, "after")
    return Bounds(None if above is not None else keyset.asked(request, "before"), above)


def _page(request: HttpRequest, rows: list[Any], bounds: Bounds) -> keyset.Page:
    """One row more than a page was read: it says whether there are others beside."""
    more = len(rows) > _PAGE
    if bounds.above is not None:
        rows = rows[-_PAGE:]
        has_newer, has_older = more, True
    else:
        rows = rows[:_PAGE]
        has_newer, has_older = bounds.below is not None, more
    newer = rows[0].id if rows and has_newer else None
    older = rows[-1].id if rows and has_older else None
    return keyset.Page(rows, *keyset.beside(request, newer, older))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
