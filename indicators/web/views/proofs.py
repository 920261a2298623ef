"""The proof of an object: every step checked when the page is opened, and to be taken along."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from indicators.proofs.errors import NothingToProve
from indicators.proofs.looking import Looked, look, take_along
from indicators.proofs.standing import Fact, Standing, Step
from indicators.proofs.steps import NOT_PROVEN
from indicators.web.forms.proofs import PlaceForm
from indicators.web.pages import signed_in

_MARKS = {
    Standing.HOLDS: ("ok", "Holds"),
    Standing.OPEN: ("warn", "Holds, but not compared"),
    Standing.ABSENT: ("pending", "Nothing to check"),
    Standing.BROKEN: ("bad", "Does not hold"),
}
#: Longer words without a space are ids and digests.
_LONG = 24


@require_safe
def proof(request: HttpRequest, stix_id: str) -> HttpResponse:
    """Each step in a sentence, with what it rests on."""
    looked = _looked(stix_id, request.GET)
    context = {
        "looked": looked,
        "is_campaign": stix_id.startswith("campaign--"),
        "value": looked.proof.value,
        "steps": [_shown(step) for step in looked.steps],
        "not_proven": NOT_PROVEN,
    }
    return render(request, "web/proofs/proof.html", context)


@require_POST
def download(request: HttpRequest, stix_id: str) -> HttpResponse:
    """The same proof as one file, for `verify --proof`."""
    looked = _looked(stix_id, request.POST)
    body = take_along(looked, signed_in(request).get_username())
    response = HttpResponse(body, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{stix_id}.proof.json"'
    return response


def _looked(stix_id: str, asked: Mapping[str, Any]) -> Looked:
    form = PlaceForm(asked)
    if not form.is_valid():
        raise Http404("There is no such place.")
    try:
        return look(stix_id, form.cleaned_data["collection"], form.cleaned_data["index"])
    except NothingToProve as error:
        raise Http404(str(error)) from error


def _shown(step: Step) -> dict[str, Any]:
    state, words = _MARKS[step.standing]
    facts = [_shown_fact(each) for each in step.facts]
    return {"step": step, "state": state, "words": words, "facts": facts}


def _shown_fact(fact: Fact) -> dict[str, Any]:
    name, value = fact
    kind = "text"
    if isinstance(value, datetime):
        kind = "time"
    elif isinstance(value, int):
        kind = "number"
    elif len(value) > _LONG and " " not in value:
        kind = "ident"
    return {"name": name, "value": value, "kind": kind}
