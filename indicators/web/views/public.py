"""Public pages: what this node is, and the schemas that its objects refer to."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from indicators import stix


@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    """The node's front page: whose it is and where its feed starts; nothing else is public."""
    return render(request, "web/welcome.html", {"node_name": settings.NODE_NAME})


@require_safe
def extension_schema(request: HttpRequest, name: str) -> HttpResponse:
    """The JSON Schema of one of our extensions, under the name its definition gives."""
    try:
        schema = stix.schema(name.removesuffix("-1.0.json"))
    except KeyError as error:
        raise Http404(f"There is no schema {name}.") from error
    return JsonResponse(schema, content_type="application/schema+json")
