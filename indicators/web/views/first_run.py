"""The first run: five steps, each a form of the page where the thing is looked after later."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from indicators.models import Scope
from indicators.pipeline.administration import beginning as administration
from indicators.pipeline.administration.collections import reaches
from indicators.web.forms.collections import NewCollection
from indicators.web.forms.peers import AddPeer
from indicators.web.forms.people import InvitationForm
from indicators.web.forms.settings import NewClient, NewDetector, Organization
from indicators.web.pages import signed_in


@require_safe
def first_run(request: HttpRequest) -> HttpResponse:
    """What is done, and the form of the next step."""
    begun = administration.beginning()
    shown = {
        "begun": begun,
        "organization": Organization(initial=_named(begun), auto_id="organization-%s"),
        "collection": NewCollection(reaches=reaches(), auto_id="collection-%s"),
        "people": InvitationForm(auto_id="people-%s"),
        "detector": NewDetector(auto_id="detector-%s"),
        "client": NewClient(initial=_client(begun), auto_id="client-%s"),
        "peer": AddPeer(auto_id="peer-%s"),
    }
    return render(request, "web/first_run/first_run.html", shown)


@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    """The overview leads there no more; the page stays where it is."""
    administration.dismiss(signed_in(request).get_username())
    return redirect("overview")


def _named(begun: administration.Beginning) -> dict[str, str]:
    if begun.own is None or begun.own.name == administration.UNNAMED:
        return {}
    return {"name": begun.own.name, "sector": begun.own.sector}


def _client(begun: administration.Beginning) -> dict[str, object]:
    """The detector's own client: it may send, and hear what people made of it."""
    detector = begun.detector
    if detector is None:
        return {}
    return {
        "name": detector.name,
        "member": begun.own,
        "detector": detector,
        "scopes": [Scope.INGEST, Scope.FEEDBACK],
    }
