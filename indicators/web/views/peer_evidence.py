"""What a peer served and was not taken, and what is kept against it, as the bytes came."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from federation.models import Evidence, Peer, Quarantined
from indicators.pipeline.administration import peers as administration
from indicators.pipeline.desk import looking
from indicators.web.keyset import page as keyset_page
from indicators.web.pages import signed_in

_SHOWN = 50


@require_safe
def quarantine(request: HttpRequest, number: UUID) -> HttpResponse:
    """What it served and this node did not take, with the reason."""
    found = get_object_or_404(Peer, pk=number)
    waiting = Quarantined.objects.filter(subscription__peer=found, released_at=None)
    page = keyset_page(request, waiting.select_related("subscription").defer("body"), _SHOWN)
    return render(request, "web/peers/quarantine.html", {"peer": found, "page": page})


@require_safe
def quarantined(request: HttpRequest, number: UUID, row: int) -> HttpResponse:
    """One object as it came."""
    rows = Quarantined.objects.select_related("subscription")
    found = get_object_or_404(rows, pk=row, subscription__peer=number)
    shown = looking.as_it_came(bytes(found.body))
    told = {"row": found, "peer": get_object_or_404(Peer, pk=number), "body": shown}
    return render(request, "web/peers/quarantined.html", told)


@require_safe
def evidence(request: HttpRequest, number: UUID) -> HttpResponse:
    """What it did, as the bytes came."""
    found = get_object_or_404(Peer, pk=number)
    page = keyset_page(
        request, Evidence.objects.filter(peer=found).defer("first", "second"), _SHOWN
    )
    return render(request, "web/peers/evidence.html", {"peer": found, "page": page})


@require_POST
def export(request: HttpRequest, number: UUID, row: int, which: str) -> HttpResponse:
    """The bytes of a piece of evidence, as a file; that it was taken is written down."""
    rows = Evidence.objects.select_related("peer")
    found = get_object_or_404(rows, pk=row, peer=number)
    content = administration.export_evidence(found, which, signed_in(request).get_username())
    if not content:
        raise Http404("This evidence has nothing there.")
    answer = HttpResponse(content, content_type="application/octet-stream")
    name = f"{found.pk:06d}-{found.kind}.{which}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
