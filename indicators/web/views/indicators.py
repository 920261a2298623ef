"""Every object that is held: found by words and filters, looked at one by one, taken along."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from indicators.catalog.exporting import export_csv, export_stix
from indicators.catalog.looking import Fading
from indicators.catalog.question import Query
from indicators.catalog.searching import Found, Place, SearchTooBroad, search
from indicators.models import CatalogRow
from indicators.pipeline.desk.showing import show_object
from indicators.web.charts import Curve, decay
from indicators.web.forms.indicators import FormForm, ObjectFilter
from indicators.web.keyset import Page, beside
from indicators.web.pages import signed_in

_EXPORTS = {
    "stix": (export_stix, "application/stix+json;version=2.1", "objects.stix.json"),
    "csv": (export_csv, "text/csv; charset=utf-8", "objects.csv"),
}


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """What matches, newest first; a filter that makes no sense is said at the form."""
    form = ObjectFilter(request.GET)
    if not form.is_valid():
        return _refused(request, form)
    try:
        found = search(form.query(), form.place())
    except SearchTooBroad as refusal:
        form.add_error(None, str(refusal))
        return _refused(request, form)
    context = {
        "form": form,
        "found": found,
        "page": _page(request, found),
        "asked": _without_place(request),
    }
    return render(request, "web/indicators/list.html", context)


@require_safe
def looked_at(request: HttpRequest, stix_id: str) -> HttpResponse:
    """One object, with everything that is held of it."""
    if stix_id.startswith("campaign--"):
        return redirect("campaign", stix_id)
    shown = show_object(stix_id)
    if shown is None:
        raise Http404("There is no such object here.")
    context = {
        "looked": shown.looked,
        "row": shown.looked.row,
        "delivered": shown.delivered,
        "curve": _curve(shown.looked.fading),
    }
    return render(request, "web/indicators/object.html", context)


@require_POST
def exported(request: HttpRequest) -> HttpResponseBase:
    """What the filter in the address matches, all of it, as a file."""
    form = ObjectFilter(request.GET)
    return _file(request, form.query()) if form.is_valid() else _refused(request, form)


@require_POST
def object_exported(request: HttpRequest, stix_id: str) -> HttpResponseBase:
    """One object as its author published it."""
    if not CatalogRow.objects.filter(pk=stix_id).exists():
        raise Http404("There is no such object here.")
    return _file(request, Query(text=stix_id))


def _file(request: HttpRequest, query: Query) -> HttpResponseBase:
    form = FormForm(request.POST)
    if not form.is_valid():
        raise Http404("There is no such form.")
    export, kind, name = _EXPORTS[form.cleaned_data["form"]]
    response = StreamingHttpResponse(
        export(query, signed_in(request).get_username()), content_type=kind
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _refused(request: HttpRequest, form: ObjectFilter) -> HttpResponse:
    """The form with what is wrong with it."""
    return render(request, "web/indicators/list.html", {"form": form}, status=400)


def _page(request: HttpRequest, found: Found) -> Page:
    newer = (found.newer or Place()).after
    older = (found.older or Place()).before
    return Page(found.rows, *beside(request, newer, older))


def _without_place(request: HttpRequest) -> str:
    asked = request.GET.copy()
    for name in ("before", "after"):
        asked.pop(name, None)
    return asked.urlencode()


def _curve(fading: Fading | None) -> SafeString | None:
    """How its confidence ages; None where it does not."""
    if fading is None or (fading.lifetime_days is None and fading.valid_until is None):
        return None
    curve = Curve(
        fading.confidence,
        fading.since,
        fading.lifetime_days,
        fading.speed,
        fading.revoke_score,
        fading.valid_until,
    )
    return decay(curve, timezone.now())
