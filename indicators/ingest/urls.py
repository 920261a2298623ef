"""Paths of the ingest door, under /ingest/v1/; anything else there is a problem of its own."""

from django.urls import path, re_path

from indicators.ingest.door import nothing_here
from indicators.ingest.openapi import DOORS, Pages, description

urlpatterns = [
    *DOORS,
    path("openapi.json", description, name="ingest-openapi"),
    path("docs/", Pages.as_view(), name="ingest-docs"),
    re_path(r"^(?P<rest>[\s\S]*)\Z", nothing_here),
]
