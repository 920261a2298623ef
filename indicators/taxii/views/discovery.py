"""Discovery, the API root, collections: what there is for this caller."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from indicators import access
from indicators.taxii import resources
from indicators.taxii.door import door, json_answer, known
from indicators.taxii.errors import Refused


@door("GET")
def discover(request: HttpRequest, caller: access.Caller) -> HttpResponse:
    path = reverse("taxii-root")
    root = settings.PUBLIC_URL + path if settings.PUBLIC_URL else request.build_absolute_uri(path)
    description = "Indicators of distillation campaigns, as verifiable TAXII collections."
    return json_answer(resources.discovery(settings.NODE_NAME, description, root))


@door("GET")
def root(request: HttpRequest, caller: access.Caller) -> HttpResponse:
    return json_answer(resources.api_root(settings.NODE_NAME, settings.MAX_CONTENT_LENGTH))


@door("GET")
def collections(request: HttpRequest, caller: access.Caller) -> HttpResponse:
    shown = [resources.collection(each) for each in access.permissions(caller.member)]
    return json_answer({"collections": shown} if shown else {})


@door("GET")
def collection(request: HttpRequest, caller: access.Caller, collection: str) -> HttpResponse:
    return json_answer(resources.collection(known(caller, collection)))


@door("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
def nothing_here(request: HttpRequest, caller: access.Caller, rest: str) -> HttpResponse:
    hint = "" if rest.endswith("/") else "; paths end in /"
    raise Refused(404, f"There is no such TAXII resource{hint}.")
