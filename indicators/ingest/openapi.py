"""The description of the ingest API, made once a process from the views and their structs."""

from functools import cache
from typing import Any

import orjson
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerSplitView

from indicators.ingest import describe
from indicators.ingest.views import Detections, Feedback, Jobs, Lookup

PREFIX = "ingest/v1/"
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key"},
    "basic": {"type": "http", "scheme": "basic", "description": "Credential name and API key"},
}
DOORS = [
    path("detections", Detections.as_view()),
    path("jobs/<uuid:job_id>", Jobs.as_view()),
    path("lookup", Lookup.as_view()),
    path("feedback", Feedback.as_view()),
]


def description(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document; public, as it says nothing of anybody."""
    return HttpResponse(_document(), content_type="application/json")


# Its stylesheet draws small marks from within itself.
@method_decorator(csp_update({"img-src": ["data:"]}), name="dispatch")
class Pages(SpectacularSwaggerSplitView):
    """The description to browse and try, with scripts and styles of our own server."""

    url = "../openapi.json"
    title = describe.TITLE


@cache
def _document() -> bytes:
    return orjson.dumps(document())


def document() -> dict[str, Any]:
    """The whole description, as JSON's own types."""
    patterns = [path(PREFIX + str(each.pattern), each.callback) for each in DOORS]
    generator = SchemaGenerator(patterns=patterns)  # type: ignore[no-untyped-call]
    made: dict[str, Any] = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    for operation in (each for path_ in made["paths"].values() for each in path_.values()):
        operation["security"] = [{name: []} for name in _SECURITY]
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True
    return made | {
        "openapi": "3.1.0",
        "info": {"title": describe.TITLE, "version": "1", "description": describe.ABOUT},
        "components": {"schemas": describe.components(), "securitySchemes": _SECURITY},
    }
